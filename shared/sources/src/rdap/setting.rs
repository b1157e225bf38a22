//! Where the operator wants the list of the registries' servers from: `LAPSEWATCH_RDAP_BOOTSTRAP`.

use std::path::PathBuf;

use reqwest::Url;

/// Where the list is to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootstrapSetting {
    /// Not set: IANA's file.
    Iana,
    /// `none`: no registry is asked.
    Off,
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(Url),
}

impl BootstrapSetting {
    /// Reads the setting.
    ///
    /// # Errors
    /// It begins as a URL and is none.
    pub fn read(setting: Option<&str>) -> Result<Self, BootstrapError> {
        let Some(text) = setting.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::Iana);
        };
        if text == "none" {
            return Ok(Self::Off);
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Url::parse(text)
                .map(Self::Url)
                .map_err(|_| BootstrapError::NotAUrl);
        }
        Ok(Self::File(text.into()))
    }
}

/// Why the operator's list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// It looks like a URL.
    #[error("LAPSEWATCH_RDAP_BOOTSTRAP is not a URL, nor a file, nor none")]
    NotAUrl,
    /// The file cannot be read.
    #[error("the RDAP bootstrap file {} cannot be read", path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no bootstrap file.
    #[error("the RDAP bootstrap file {} is not as RFC 9224 has it: {why}", path.display())]
    NotABootstrap {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_a_file_a_url_none_or_nothing() {
        let read = |text| BootstrapSetting::read(Some(text)).unwrap();
        assert_eq!(
            BootstrapSetting::read(None).unwrap(),
            BootstrapSetting::Iana
        );
        assert_eq!(read(" "), BootstrapSetting::Iana);
        assert_eq!(read("none"), BootstrapSetting::Off);
        assert_eq!(
            read("./dns.json"),
            BootstrapSetting::File("./dns.json".into())
        );
        assert!(matches!(
            read("https://example.org/dns.json"),
            BootstrapSetting::Url(_)
        ));
        assert!(BootstrapSetting::read(Some("https://")).is_err());
    }
}

//! The witnesses as the operator has set them: `LAPSEWATCH_RDAP_BOOTSTRAP` and `LAPSEWATCH_DNS`, alike in both hosts.

use std::path::Path;

use jiff::Timestamp;

use crate::http::in_full;
use crate::{Bootstrap, BootstrapError, BootstrapSetting, Dns, DnsSetting, DnsSetupError, Rdap};

/// Who is asked beside Fastly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessSettings {
    /// Where the list of the registries' servers comes from.
    pub rdap: BootstrapSetting,
    /// Which DNS servers are asked.
    pub dns: DnsSetting,
}

/// Why the witnesses cannot be asked as the operator wants it.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The list of the registries' servers.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The DNS servers.
    #[error(transparent)]
    Dns(#[from] DnsSetupError),
    /// The HTTP client.
    #[error("the HTTP client for the registries cannot be built")]
    Client(#[from] reqwest::Error),
}

impl WitnessSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn read(lookup: fn(&str) -> Option<String>) -> Result<Self, WitnessError> {
        Ok(Self {
            rdap: BootstrapSetting::read(lookup("LAPSEWATCH_RDAP_BOOTSTRAP").as_deref())?,
            dns: DnsSetting::read(lookup("LAPSEWATCH_DNS").as_deref())?,
        })
    }

    /// The registries; `None` if they are not to be asked. Nobody is asked for the list of their servers yet: `copy`, where it
    /// is kept between runs, or the built-in list serves until `Rdap::refresh`.
    ///
    /// # Errors
    /// The operator's own file cannot be used.
    pub fn registries(
        &self,
        copy: &Path,
        wall_clock: fn() -> Timestamp,
    ) -> Result<Option<Rdap>, WitnessError> {
        Ok(match &self.rdap {
            BootstrapSetting::Off => None,
            BootstrapSetting::File(path) => Some(Rdap::new(Bootstrap::of_file(path)?, wall_clock)?),
            BootstrapSetting::Iana => Some(Rdap::by_iana(copy, wall_clock)?),
            BootstrapSetting::Url(url) => Some(Rdap::by_operator(url, copy, wall_clock)?),
        })
    }

    /// The DNS; `None` if it is not to be asked, or if this machine knows no resolvers: then the run goes on without it.
    pub fn dns(&self) -> Option<Dns> {
        match Dns::new(&self.dns) {
            Ok(dns) => dns,
            Err(error) => {
                tracing::warn!("{}", in_full(&error));
                None
            }
        }
    }
}

//! Numbers as a reader likes them.

/// A share in percent; one that is neither nothing nor all never looks like it.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.01 {
        "<0.01 %".to_owned()
    } else if percent > 99.99 && percent < 100.0 {
        ">99.99 %".to_owned()
    } else if percent > 1.0 && percent < 99.0 || percent == 0.0 || share >= 1.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.2} %")
    }
}

/// A count with its thousands set off.
pub(crate) fn grouped(count: u64) -> String {
    if count < 1000 {
        count.to_string()
    } else {
        format!("{},{:03}", grouped(count / 1000), count % 1000)
    }
}

/// So many domains, years and seeds, in words.
pub(crate) fn runs(domains: u32, years: u32, seeds: &[u64]) -> String {
    let domains = grouped(domains.into());
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    let seeds = match seeds.split_last() {
        Some((last, [])) => format!("seed {last}"),
        Some((last, others)) => format!("seeds {} and {last}", others.join(", ")),
        None => "no seed".to_owned(),
    };
    let years = match years {
        1 => "1 year".to_owned(),
        years => format!("{years} years"),
    };
    format!("{domains} domains, {years}, {seeds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_all_never_reads_as_all() {
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.999_99), "100.00 %".replace("100.00", ">99.99"));
        assert_eq!(percent(0.9962), "99.62 %");
        assert_eq!(percent(0.5), "50.0 %");
        assert_eq!(percent(0.000_01), "<0.01 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn thousands_are_set_off_and_zeros_within_stay() {
        let counts = [0, 999, 1000, 72_211, 1_002_003];
        let written = counts.map(grouped);
        assert_eq!(written, ["0", "999", "1,000", "72,211", "1,002,003"]);
    }

    #[test]
    fn runs_of_several_seeds_are_named_each() {
        assert_eq!(runs(1500, 1, &[5]), "1,500 domains, 1 year, seed 5");
        let three = runs(100_000, 10, &[1, 2, 3]);
        assert_eq!(three, "100,000 domains, 10 years, seeds 1, 2 and 3");
    }
}

//! The configuration as a person meets it: a file, variables, and what is said about them.

use super::rules::RANGES;
use super::schema::{Kind, known};
use super::*;
use crate::domain::id::UserId;
use crate::domain::money::Money;
use std::fmt::Write;

const TOKEN: &str = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOpp";
const KEY: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Reads `file` (as `shop.toml`) and `variables`; faults as they are printed.
fn read(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.toml");
    std::fs::write(&path, file).unwrap();
    Loaded::read(Some(&path), &Environment::of(variables))
        .map_err(|faults| faults.to_string().replace(&*path.display().to_string(), "shop.toml"))
}

#[track_caller]
fn check_fault(file: &str, variables: &[(&str, &str)], expected: &str) {
    assert_eq!(read(file, variables).err().as_deref(), Some(expected));
}

#[test]
fn later_layers_win() {
    let file = "admins = [1]\n[shop]\nmaturity_h = 24\nquote_ttl_min = 5\n";
    let config = read(
        file,
        &[
            ("SHOPFLEET__SHOP__MATURITY_H", "12"),
            ("SHOPFLEET__ADMINS", "7, 8"),
            ("SHOPFLEET__VAULT__PLAIN_GOODS", "true"),
            ("SHOPFLEET__VAULT__KEYS", KEY),
            ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", TOKEN),
            ("SHOPFLEET__SHOP__WITHDRAWAL_MIN", "20"),
        ],
    )
    .unwrap()
    .config;
    assert_eq!((config.shop.maturity_h, config.shop.quote_ttl_min), (12, 5));
    assert_eq!(config.shop.max_quantity, 500);
    assert_eq!(config.admins, [UserId::new(7), UserId::new(8)]);
    assert!(config.vault.plain_goods);
    assert_eq!(config.vault.keys[0].id(), "k1");
    assert_eq!(config.telegram.master_token.as_ref().map(|t| t.bot_id()), Some(123_456_789));
    assert_eq!(config.shop.withdrawal_min, Money::whole(20));
    assert_eq!(config.missing_to_run(), Vec::<&str>::new());
}

#[test]
fn the_default_is_right_and_lacks_only_what_must_be_given() {
    let loaded = Loaded::read(None, &Environment::default()).unwrap();
    assert_eq!(loaded.config.missing_to_run().len(), 3);
    assert_eq!(loaded.diff().unwrap(), "");
}

#[test]
fn wrong_names_are_told_with_the_nearest_right_one() {
    check_fault(
        "admins = []\n\n[store]\nuri = \"x\"\n",
        &[],
        "shop.toml:4: unknown key `store.uri`; did you mean `store.url`?",
    );
    check_fault(
        "[shopp]\nzone = \"UTC\"\n",
        &[],
        "shop.toml:1: unknown section `shopp`; did you mean `shop`?",
    );
    check_fault(
        "store.uri = 1\nxyzzy = 1\n",
        &[],
        "shop.toml:1: unknown key `store.uri`; did you mean `store.url`?\n\
         shop.toml:2: unknown key `xyzzy`",
    );
    check_fault(
        "",
        &[("SHOPFLEET__SHOP__MATURTIY_H", "1"), ("SHOPFLEET__SHOP", "1")],
        "environment variable SHOPFLEET__SHOP: unknown key `shop`; did you mean SHOPFLEET__SHOP__ZONE?\n\
         environment variable SHOPFLEET__SHOP__MATURTIY_H: unknown key `shop.maturtiy_h`; \
         did you mean SHOPFLEET__SHOP__MATURITY_H?",
    );
}

#[test]
fn wrong_kinds_are_told() {
    check_fault(
        "admins = 5\nshop = 1\n[core]\npermits = \"many\"\n[telegram.api_url]\nx = 1\n[web]\nlisten = 1.5\n",
        &[],
        "shop.toml:1: `admins` must be a list of whole numbers\n\
         shop.toml:2: `shop` must be a section\n\
         shop.toml:4: `core.permits` must be a whole number\n\
         shop.toml:5: `telegram.api_url` must be a text in quotes\n\
         shop.toml:8: `web.listen` must be a text in quotes",
    );
    check_fault("admins = [1.5]\n", &[], "shop.toml:1: `admins` must be a list of whole numbers");
    check_fault(
        "",
        &[
            ("SHOPFLEET__ADMINS", "yes"),
            ("SHOPFLEET__CORE__PERMITS", "1.5"),
            ("SHOPFLEET__VAULT__PLAIN_GOODS", "on"),
        ],
        "environment variable SHOPFLEET__ADMINS: `admins` must be whole numbers with commas between them\n\
         environment variable SHOPFLEET__CORE__PERMITS: `core.permits` must be a whole number\n\
         environment variable SHOPFLEET__VAULT__PLAIN_GOODS: `vault.plain_goods` must be true or false",
    );
}

#[test]
fn wrong_values_are_told() {
    check_fault(
        "[shop]\nmaturity_h = -1\nfile_max_mb = 21\n",
        &[("SHOPFLEET__CORE__PERMITS", "99999999999")],
        "shop.toml:2: `shop.maturity_h` must be from 0 to 8760\n\
         shop.toml:3: `shop.file_max_mb` must be from 1 to 20\n\
         environment variable SHOPFLEET__CORE__PERMITS: `core.permits` must be from 16 to 1000000",
    );
    let table = [
        (
            "[store]\nurl = \"redis://h\"",
            "`store.url` must be `sqlite:PATH` or `mongodb://HOST/DATABASE`",
        ),
        ("[clock]\nsource = \"sundial\"", "`clock.source` must be `system` or `sandbox`"),
        ("[log]\nformat = \"TEXT\"", "`log.format` must be `text` or `json`"),
        (
            "[log]\nlevel = \"loud\"",
            "`log.level` must be off, error, warn, info, debug or trace, or `part=level`, with commas",
        ),
        ("[shop]\nzone = \"CET\"", "`shop.zone` must be `UTC` or an offset such as `+08:00`"),
        (
            "[shop]\nwithdrawal_min = \"1e3\"",
            "`shop.withdrawal_min` must be an amount of USDT such as \"10\" or \"0.5\": not an amount",
        ),
        (
            "[shop]\nwithdrawal_fee = \"10\"",
            "`shop.withdrawal_fee` must be less than `shop.withdrawal_min`: the rest is paid out",
        ),
        (
            "[clock]\nsource = \"sandbox\"",
            "`clock.source` can be `sandbox` only with a `telegram.api_url` on a loopback address",
        ),
        (
            "[telegram]\napi_url = \"https://u:p@h/\"",
            "`telegram.api_url` must be http(s)://HOST[:PORT][/PATH] and no more",
        ),
        ("[web]\nlisten = \"8080\"", "`web.listen` invalid socket address syntax"),
        (
            "[bots]\nbackoff_min_ms = 60000\nbackoff_max_s = 1",
            "`bots.backoff_min_ms` must not be longer than `bots.backoff_max_s`",
        ),
    ];
    for (file, sentence) in table {
        check_fault(file, &[], &format!("shop.toml:2: {sentence}"));
    }
    check_fault(
        "admins = [-100]",
        &[],
        "shop.toml:1: `admins` must be user ids: numbers above 0 (groups and channels are below)",
    );
    read(
        "[clock]\nsource = \"sandbox\"\n[telegram]\napi_url = \"http://127.0.0.1:8081/tg\"\n",
        &[],
    )
    .unwrap();
}

#[test]
fn files_that_cannot_be_read_are_told() {
    check_fault(
        "[shop]\nzone = \"UTC\n",
        &[],
        "shop.toml:2: is not TOML: invalid basic string, expected `\"`",
    );
    let missing = Loaded::read(Some(Path::new("no/such.toml")), &Environment::default());
    assert_eq!(
        missing.err().unwrap().to_string(),
        "no/such.toml: cannot be read: entity not found"
    );
}

#[test]
fn secrets_are_never_printed() {
    let variables = [("SHOPFLEET__TELEGRAM__MASTER_TOKEN", TOKEN), ("SHOPFLEET__VAULT__KEYS", KEY)];
    let loaded = read("", &variables).unwrap();
    let diff = loaded.diff().unwrap();
    assert_eq!(
        diff,
        "telegram.master_token = \"<set>\" # default \"\"; environment variable SHOPFLEET__TELEGRAM__MASTER_TOKEN\n\
         vault.keys = \"<set>\" # default []; environment variable SHOPFLEET__VAULT__KEYS\n"
    );
    let mut printed = format!("{diff}{}{:?}", loaded.show(), loaded.config);
    for (name, wrong) in [
        ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", "123456789:AAbb-too-short"),
        ("SHOPFLEET__VAULT__KEYS", "k1:AAECAwQFBgc"),
        ("SHOPFLEET__STORE__URL", "mongodb://user:AAbb@host"),
        ("SHOPFLEET__CLOCK__SOURCE", TOKEN),
        ("SHOPFLEET__CORE__PERMITS", TOKEN),
        ("SHOPFLEET__TELEGRAM__API_URL", TOKEN),
        ("SHOPFLEET__WEB__LISTEN", TOKEN),
    ] {
        let fault = read("", &[(name, wrong)]).err().unwrap();
        assert!(fault.starts_with(&format!("environment variable {name}: ")), "{fault}");
        let _ = writeln!(printed, "{fault}");
    }
    for file in [
        format!("[vault]\nkeys = [\"{KEY}\", \"{TOKEN}\"]"),
        format!("[telegram]\nmaster_token = {TOKEN}"),
    ] {
        let _ = writeln!(printed, "{}", read(&file, &[]).err().unwrap());
    }
    assert!(!printed.contains("AAbb") && !printed.contains("AAEC"), "{printed}");
}

#[test]
fn show_reads_back() {
    let loaded = read("[shop]\nzone = \"+08:00\"\n", &[]).unwrap();
    let again = read(&loaded.show(), &[]).unwrap();
    assert_eq!(again.diff().unwrap().lines().count(), 1);
    assert!(loaded.show().contains("\n[shop]\n"));
    assert!(loaded.show().contains("shop.toml:2\n"));
}

/// Every key is read by a field, and every field has its key: none has a default of its own, and no
/// struct takes an unknown one.
#[test]
fn keys_and_fields_are_the_same() {
    for entry in known() {
        let mut table: toml::Table = DEFAULT.parse().unwrap();
        let (section, name) = entry.key.split_once('.').unwrap_or(("", &entry.key));
        let inner = match section {
            "" => &mut table,
            section => table[section].as_table_mut().unwrap(),
        };
        inner.remove(name).unwrap();
        assert!(typed(&table).is_err(), "no field reads `{}`", entry.key);
    }
    for section in known().into_iter().filter(|entry| entry.kind == Kind::Section) {
        let mut table: toml::Table = DEFAULT.parse().unwrap();
        table[&section.key].as_table_mut().unwrap().insert("extra".into(), 1.into());
        assert!(typed(&table).is_err(), "[{}] takes unknown keys", section.key);
    }
}

fn typed(table: &toml::Table) -> Result<Config, toml::de::Error> {
    table.clone().try_into()
}

#[test]
fn every_whole_number_has_the_range_that_its_comment_names() {
    let wholes: Vec<String> =
        known().into_iter().filter(|e| e.kind == Kind::Whole).map(|e| e.key).collect();
    assert_eq!(wholes.len(), RANGES.len());
    let lines: Vec<&str> = DEFAULT.lines().collect();
    for (key, least, greatest) in RANGES {
        let entry = known().into_iter().find(|entry| entry.key == key).expect(key);
        let comment: String = lines[..entry.line - 1]
            .iter()
            .rev()
            .take_while(|l| l.starts_with('#'))
            .copied()
            .collect();
        assert!(comment.contains(&format!("Range: {least} to {greatest}.")), "{key}");
    }
}

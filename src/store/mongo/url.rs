//! Where a MongoDB store is: the URI with its credentials, and the database in it.
//!
//! Options, TLS and credentials come from the URI alone. It may hold a password, so it is a secret:
//! what is shown of it, in errors, logs and `Debug`, is hosts and database, and no error repeats any
//! of its text.

use crate::secret::Secret;
use mongodb::options::ConnectionString;
use std::fmt;
use std::str::FromStr;

/// Beginnings of the URIs that are ours.
const SCHEMES: [&str; 2] = ["mongodb://", "mongodb+srv://"];

/// A MongoDB URI that names a database.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUrl {
    uri: Secret,
    shown: String,
    database: String,
}

/// Why a text is no URI of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMongoUrl {
    /// The driver does not take it.
    #[error(
        "must be mongodb://[USER:PASSWORD@]HOST[:PORT][,HOST…]/DATABASE[?OPTIONS], characters such as \
         `@` and `/` in user and password percent-encoded"
    )]
    Form,
    /// It names no database.
    #[error("must name the database after the hosts: mongodb://HOST/DATABASE")]
    NoDatabase,
}

impl MongoUrl {
    /// Whether a text begins like one.
    pub fn is_one(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// The whole URI, for the driver and for a process of our own.
    pub const fn uri(&self) -> &Secret {
        &self.uri
    }

    /// The database that holds the store.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The same server and credentials with another database.
    ///
    /// # Errors
    /// When the name is none of a database.
    pub fn with_database(&self, name: &str) -> Result<Self, InvalidMongoUrl> {
        let text = self.uri.expose();
        let hosts_at = text.find("://").map_or(0, |at| at + "://".len());
        let slash = text[hosts_at..].find('/').ok_or(InvalidMongoUrl::NoDatabase)? + hosts_at;
        let options = text.find('?').map_or("", |at| &text[at..]);
        let has_source = options.contains("authSource=") || !text.contains('@');
        // Without a source the driver takes the database for the place of the user.
        let source = match (has_source, options.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("?authSource={}", self.database),
            (false, false) => format!("&authSource={}", self.database),
        };
        format!("{}/{name}{options}{source}", &text[..slash]).parse()
    }
}

impl FromStr for MongoUrl {
    type Err = InvalidMongoUrl;

    fn from_str(text: &str) -> Result<Self, InvalidMongoUrl> {
        // The driver's own sentences quote what they complain about.
        let parsed = ConnectionString::parse(text).map_err(|_| InvalidMongoUrl::Form)?;
        let database = parsed.default_database.filter(|name| !name.is_empty());
        let database = database.ok_or(InvalidMongoUrl::NoDatabase)?;
        let (scheme, rest) = text.split_once("://").ok_or(InvalidMongoUrl::Form)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        let shown = format!("{scheme}://{hosts}/{database}");
        Ok(Self { uri: Secret::new(text), shown, database })
    }
}

impl fmt::Display for MongoUrl {
    /// Hosts and database, nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MongoUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "mongodb://shop:s%40fe-word@a.example:27018,b.example/fleet?replicaSet=rs0";

    fn check(text: &str, expected: Result<&str, InvalidMongoUrl>) {
        let shown = text.parse::<MongoUrl>().map(|url| url.to_string());
        assert_eq!(shown, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn a_url_names_hosts_and_a_database() {
        check("mongodb://localhost/shop", Ok("mongodb://localhost/shop"));
        check("mongodb+srv://u:p@c.example/shop?tls=true", Ok("mongodb+srv://c.example/shop"));
        check(FULL, Ok("mongodb://a.example:27018,b.example/fleet"));
        for none in ["mongodb://localhost", "mongodb://localhost/", "mongodb://h/?tls=true"] {
            check(none, Err(InvalidMongoUrl::NoDatabase));
        }
        for bad in ["", "mongodb://", "redis://h/db", "mongodb://u:p@ss@h/db", "mongodb://h/a b/c"]
        {
            check(bad, Err(InvalidMongoUrl::Form));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: MongoUrl = FULL.parse().expect("a URL");
        for shown in [format!("{url}"), format!("{url:?}"), format!("{:?}", url.uri())] {
            assert!(!shown.contains("fe-word"), "{shown}");
        }
        let wrong = "mongodb://shop:s@fe-word@h/db".parse::<MongoUrl>().expect_err("two @");
        assert!(!wrong.to_string().contains("fe-word"), "{wrong}");
    }

    #[test]
    fn another_database_keeps_server_and_credentials() {
        let url: MongoUrl = FULL.parse().expect("a URL");
        let other = url.with_database("copy").expect("a name");
        assert_eq!(other.to_string(), "mongodb://a.example:27018,b.example/copy");
        assert!(other.uri().expose().ends_with("?replicaSet=rs0&authSource=fleet"));
        let plain: MongoUrl = "mongodb://localhost/a".parse().expect("a URL");
        let other = plain.with_database("b").map(|url| url.uri().expose().to_owned());
        assert_eq!(other.as_deref(), Ok("mongodb://localhost/b"));
    }
}

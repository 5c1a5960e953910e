//! `shopfleet init`: from a master token to a configuration that works.
//!
//! Asks for the token on stdin, never as an argument that a process list would show, asks Telegram
//! whose it is, and writes two files that only their owner can read: `shopfleet.toml` and, with the
//! token and a fresh vault key, `.env`. It overwrites nothing: a lost vault key is lost goods.

use super::{Failure, Io, say};
use crate::domain::id::UserId;
use crate::domain::time::Millis;
use crate::random::{OsRandom, Random};
use crate::telegram::http::HttpTransport;
use crate::telegram::token::BotToken;
use crate::telegram::transport::{ApiCall, ApiError, SharedTransport};
use crate::vault::Key;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of settings.
const SETTINGS: &str = "shopfleet.toml";

/// The file of secrets.
const SECRETS: &str = ".env";

/// How long Telegram may take to say whose token it is.
const PATIENCE: Millis = Millis::from_secs(15);

/// Writes a first configuration.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The directory that the two files are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// Runs the command against the real Bot API, or the one that the environment names.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let config = super::config::load(None)?.config;
    super::hosting::host(|sockets| async move {
        let transport = HttpTransport::new(config.telegram.api_url.clone(), sockets)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let transport: SharedTransport = Arc::new(transport);
        write(args, io, &transport, &OsRandom).await
    })
}

/// Asks, checks and writes. `transport` is how Telegram is asked, `random` makes the vault key.
///
/// # Errors
/// Bad usage when a file is already there or an answer is no token or id; a failed check when
/// Telegram refuses the token or cannot be reached, or a file cannot be written.
pub async fn write(
    args: &Args,
    io: &mut Io<'_>,
    transport: &SharedTransport,
    random: &dyn Random,
) -> Result<(), Failure> {
    let (settings, secrets) = (args.dir.join(SETTINGS), args.dir.join(SECRETS));
    for path in [&settings, &secrets] {
        if path.exists() {
            let sentence = format!("{} is already there and is not overwritten", path.display());
            return Err(Failure::Usage(sentence));
        }
    }
    let token: BotToken = ask(io, "Token of the master bot, from BotFather: ")?
        .parse()
        .map_err(|error| Failure::Usage(format!("{error}")))?;
    let username = whose(&token, transport).await?;
    let admin = admin_id(&ask(io, "Your numeric Telegram user id (empty: fill it in later): ")?)?;
    write_new(&secrets, &secrets_file(&token, &Key::generate(random)))?;
    write_new(&settings, &settings_file(admin)).inspect_err(|_| {
        // Half a configuration would make the next try refuse; nothing else has seen the key yet.
        let _ = fs::remove_file(&secrets);
    })?;
    say(
        io,
        format_args!(
            "@{username} answers.\nWrote {} and {} (keep a copy of its vault key).\n",
            settings.display(),
            secrets.display()
        ),
    )
}

/// Prompts on stderr, so that stdout stays for results, and reads one line; the end of the input is
/// an empty line.
fn ask(io: &mut Io<'_>, question: &str) -> Result<String, Failure> {
    let broken = |error: std::io::Error| Failure::Check(error.to_string());
    write!(io.err, "{question}").and_then(|()| io.err.flush()).map_err(broken)?;
    let mut line = String::new();
    io.input.read_line(&mut line).map_err(broken)?;
    Ok(line.trim().to_owned())
}

async fn whose(token: &BotToken, transport: &SharedTransport) -> Result<String, Failure> {
    let call = ApiCall {
        token: token.secret().clone(),
        method: "getMe",
        params: json!({}),
        upload: None,
        timeout: PATIENCE,
    };
    let me = transport.call(call).await.map_err(|error| {
        Failure::Check(match error {
            ApiError::Unauthorized | ApiError::NotFound => {
                "Telegram does not know this token; was it revoked?".to_owned()
            }
            ApiError::Conflict
            | ApiError::Forbidden
            | ApiError::RetryAfter(_)
            | ApiError::BadRequest(_)
            | ApiError::Migrated(_)
            | ApiError::TooLarge
            | ApiError::Server(_)
            | ApiError::Unreachable
            | ApiError::AnswerLost => format!("the token could not be checked: {error}"),
        })
    })?;
    let username = me["username"].as_str().filter(|_| me["id"].as_i64() == Some(token.bot_id()));
    let strange = || Failure::Check("Telegram's answer is not about this bot".to_owned());
    username.map(str::to_owned).ok_or_else(strange)
}

fn admin_id(answer: &str) -> Result<Option<UserId>, Failure> {
    if answer.is_empty() {
        return Ok(None);
    }
    let refused = |_| Failure::Usage("a user id is a number above 0".to_owned());
    answer.parse().map(Some).map_err(refused)
}

fn secrets_file(token: &BotToken, key: &Key) -> String {
    format!(
        "# Secrets of this shop. Without the vault key its goods cannot be opened: keep a copy.\n\
         SHOPFLEET__TELEGRAM__MASTER_TOKEN={}\n\
         SHOPFLEET__VAULT__KEYS={}\n",
        token.secret().expose(),
        key.to_text().expose()
    )
}

fn settings_file(admin: Option<UserId>) -> String {
    let admins = admin.map(|id| id.to_string()).unwrap_or_default();
    format!(
        "# What differs from the default; `shopfleet config show` lists every key.\n\
         # Secrets are in .env beside this file.\n\n\
         # Numeric Telegram user ids of those who may administer the master bot.\n\
         admins = [{admins}]\n"
    )
}

/// Creates a file that only its owner can read; never touches one that is there.
fn write_new(path: &Path, content: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| {
            Failure::Check(format!("{} cannot be written: {}", path.display(), error.kind()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Loaded};
    use crate::random::SeededRandom;
    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use serde_json::Value;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    const TOKEN: &str = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOpp";

    /// A Telegram that gives one answer to `getMe`.
    struct Answering(Result<Value, ApiError>);

    impl crate::telegram::transport::Transport for Answering {
        fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>> {
            assert_eq!((call.method, call.token.expose()), ("getMe", TOKEN));
            Box::pin(std::future::ready(self.0.clone()))
        }

        fn download(
            &self,
            _: crate::secret::Secret,
            _: String,
        ) -> BoxFuture<'static, Result<Bytes, ApiError>> {
            Box::pin(std::future::ready(Err(ApiError::NotFound)))
        }
    }

    fn me() -> Value {
        json!({"id": 123_456_789, "is_bot": true, "username": "master_bot"})
    }

    /// Runs `init` in `dir` with what is typed; what went to stdout.
    async fn init(
        dir: &Path,
        typed: &str,
        answer: Result<Value, ApiError>,
    ) -> Result<String, Failure> {
        let transport: SharedTransport = Arc::new(Answering(answer));
        let (mut input, mut out, mut err) = (typed.as_bytes(), Vec::new(), Vec::new());
        let mut io = Io { input: &mut input, out: &mut out, err: &mut err };
        let args = Args { dir: dir.to_owned() };
        write(&args, &mut io, &transport, &SeededRandom::new(1)).await?;
        assert!(!String::from_utf8(err).unwrap().contains(TOKEN));
        Ok(String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn writes_a_configuration_that_is_ready_to_run() {
        let dir = tempfile::tempdir().unwrap();
        let out = init(dir.path(), &format!("{TOKEN}\n1001\n"), Ok(me())).await.unwrap();
        assert!(out.starts_with("@master_bot answers.\n") && !out.contains(TOKEN), "{out}");

        let environment = Environment::of_process(dir.path()).unwrap();
        let loaded = Loaded::read(Some(&dir.path().join(SETTINGS)), &environment).unwrap();
        assert_eq!(loaded.config.missing_to_run(), Vec::<&str>::new());
        assert_eq!(loaded.config.admins, [UserId::new(1001)]);
        for file in [SETTINGS, SECRETS] {
            let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_writes_nothing() {
        let usage = |text: &str| Failure::Usage(text.to_owned());
        let check = |text: &str| Failure::Check(text.to_owned());
        let good = format!("{TOKEN}\n");
        let wrong_id = format!("{TOKEN}\nme\n");
        let table = [
            (
                "",
                Ok(me()),
                usage(
                    "a bot token is the bot's number, a colon and 30 or more letters, digits, - and _",
                ),
            ),
            (&*wrong_id, Ok(me()), usage("a user id is a number above 0")),
            (
                &*good,
                Err(ApiError::Unauthorized),
                check("Telegram does not know this token; was it revoked?"),
            ),
            (
                &*good,
                Err(ApiError::Unreachable),
                check("the token could not be checked: telegram cannot be reached"),
            ),
            (
                &*good,
                Ok(json!({"id": 5, "username": "x"})),
                check("Telegram's answer is not about this bot"),
            ),
        ];
        for (typed, answer, failure) in table {
            let dir = tempfile::tempdir().unwrap();
            assert_eq!(init(dir.path(), typed, answer).await, Err(failure));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[tokio::test]
    async fn nothing_is_overwritten() {
        for file in [SETTINGS, SECRETS] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(file), "mine").unwrap();
            let refused = init(dir.path(), &format!("{TOKEN}\n"), Ok(me())).await.unwrap_err();
            assert!(matches!(refused, Failure::Usage(_)));
            assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap(), "mine");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }
}

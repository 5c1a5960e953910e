//! Logs: one line an event on stderr, as text or JSON, with a last line of defence.
//!
//! Secrets are types and do not print; but a library below us may log the URL it calls, and the
//! Bot API's URLs hold tokens. So [`Redacting`] stands between every subscriber and stderr and
//! replaces what looks like a token, whoever wrote it (DESIGN.md, law 10). Panics go the same way.

use crate::config::{Log, LogFormat};
use crate::telegram::token::redact;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Why logging could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is no filter; the configuration refuses that earlier.
    #[error("log.level is not a filter")]
    Level,
    /// Another subscriber was there first.
    #[error("logging was set up twice")]
    Twice,
}

/// Sends this process's events and panics to stderr from now on.
///
/// # Errors
/// When the level is no filter, or when it was called before.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(&log.level)?)
        .with_ansi(false)
        .with_writer(Redacting(io::stderr));
    let set = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    set.map_err(|_| TelemetryError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    builder.parse(level).map_err(|_| TelemetryError::Level)
}

/// The default hook would write to stderr past [`Redacting`].
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a value that is no text");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "panic: {message}");
}

/// Makes writers that redact what they pass on.
#[derive(Clone, Copy, Debug)]
pub struct Redacting<M>(pub M);

/// Passes each write on with token-shaped text replaced; a subscriber writes an event at once.
#[derive(Debug)]
pub struct RedactingWriter<W>(W);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        RedactingWriter(self.0.make_writer_for(meta))
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    /// Takes all of `line`, so that a short write below cannot split a token in two.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, PoisonError};

    const TOKEN: &str = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOpp";

    /// A stderr that a test can read.
    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(json: bool, log: impl FnOnce()) -> String {
        let captured = Captured::default();
        let sink = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter("trace").unwrap())
            .with_writer(Redacting(move || sink.clone()));
        if json {
            tracing::subscriber::with_default(subscriber.json().finish(), log);
        } else {
            tracing::subscriber::with_default(subscriber.finish(), log);
        }
        let written = captured.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    fn log_in_every_way() {
        tracing::info!("calling https://example.org/bot{TOKEN}/getMe");
        tracing::debug!(url = TOKEN, debug = ?Some(TOKEN), "in fields");
        let span = tracing::info_span!("call", url = TOKEN);
        let _entered = span.enter();
        tracing::trace!(target: "hyper::client", "in the span around");
    }

    #[test]
    fn no_token_reaches_the_log() {
        for json in [false, true] {
            let written = check(json, log_in_every_way);
            assert_eq!(written.lines().count(), 3, "{written}");
            assert!(written.matches("<token>").count() >= 4, "{written}");
            assert!(!written.contains("AAbbCC"), "{written}");
        }
    }

    #[test]
    fn the_http_client_at_trace_level_leaks_none() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let written = check(false, || {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let client = reqwest::Client::builder().connection_verbose(true).build().unwrap();
            // The listener is gone: the call fails, and its error's Debug holds the URL.
            let call = client.get(format!("http://{port}/bot{TOKEN}/getMe")).send();
            let error = runtime.block_on(call).unwrap_err();
            tracing::warn!(?error, "the call failed");
        });
        assert!(written.contains("/bot<token>/getMe"), "{written}");
        assert!(!written.contains("AAbbCC"), "{written}");
    }

    #[test]
    fn filters_are_levels_and_targets() {
        assert!(filter("info,shopfleet=debug").is_ok());
        assert_eq!(filter("shopfleet=loud").err(), Some(TelemetryError::Level));
    }
}

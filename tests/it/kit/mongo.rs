//! A MongoDB server for tests: the one that `MONGODB_URI` names, else a `mongod` of the machine, else
//! the test server that `.ci/test` installs. It is never skipped.
//!
//! A server of ours belongs to the process of the test and dies with it, however that ends: it runs
//! under a shell that waits for the end of its input, which is the death of whoever holds the other
//! end. Its data is a temporary folder that the shell removes.

use mongodb::Client;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use shopfleet::clock::Stopwatch;
use shopfleet::store::mongo::MongoUrl;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Longer than any start takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts what follows it, ends it when its own input ends, and cleans up.
const KEEPER: &str = r#"folder=$1; shift; "$@" 2>/dev/null & server=$!
read -r _; kill -9 "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder""#;

/// A server of our own.
#[derive(Debug)]
pub(crate) struct Server {
    /// `mongodb://HOST:PORT`, without a database.
    pub(crate) address: String,
    /// Closing it ends the server.
    _life: Option<ChildStdin>,
}

/// The runtime of the driver: real time and sockets, whatever the test's own runtime does.
pub(crate) fn runtime() -> Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let make = || Builder::new_multi_thread().worker_threads(2).enable_all().build();
    RUNTIME.get_or_init(|| make().expect("a runtime")).handle().clone()
}

/// An empty database of its own on the server of this process.
pub(crate) fn new_database() -> MongoUrl {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::for_this_process).database(&fresh_name())
}

/// A name that no database has.
pub(crate) fn fresh_name() -> String {
    format!("shopfleet_test_{}", ObjectId::new().to_hex())
}

/// The raw driver on a store's database, for what the store itself never does.
pub(crate) async fn raw(url: &MongoUrl) -> mongodb::Database {
    let (uri, name) = (url.uri().expose().to_owned(), url.database().to_owned());
    let client = runtime().spawn(async move { Client::with_uri_str(uri).await });
    client.await.expect("runs").expect("connects").database(&name)
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the test's own variable, not the program's")]
    fn for_this_process() -> Self {
        match std::env::var("MONGODB_URI") {
            Ok(uri) => Self { address: uri, _life: None },
            Err(_) => Self::start(&[]),
        }
    }

    /// Starts a server; `extra` are options of the test server.
    pub(crate) fn start(extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        if extra.is_empty()
            && let Some(mongod) = on_path("mongod")
        {
            return Self::mongod(&mongod, &folder);
        }
        let program = on_path("secantusd-rs").unwrap_or_else(installed);
        let mut command = keeper(&folder, &program);
        command.args(["--port", "0", "--log-level", "ERROR", "--cache-size", "256M"]);
        command.args(["--log-file-max", "16MB", "--storage-path"]).arg(&folder).args(extra);
        let (mut child, life) = spawn(command);
        let said = BufReader::new(child.stdout.take().expect("it is piped")).lines().next();
        let said = said.expect("the server says where it listens").expect("text");
        let port = said.rsplit(':').next().expect("a port");
        Self { address: format!("mongodb://127.0.0.1:{port}"), _life: Some(life) }
    }

    /// A replica set of one.
    fn mongod(program: &Path, folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let mut command = keeper(folder, program);
        command.args(["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--quiet", "--port"]);
        command.arg(port.to_string()).arg("--dbpath").arg(folder);
        let (_, life) = spawn(command);
        let address = format!("mongodb://127.0.0.1:{port}");
        let member = doc! {"_id": 0, "host": format!("127.0.0.1:{port}")};
        let config = doc! {"replSetInitiate": {"_id": "rs0", "members": [member]}};
        let uri = format!("{address}/?directConnection=true&serverSelectionTimeoutMS=60000");
        on_runtime(async move {
            let admin = Client::with_uri_str(uri).await.expect("a client").database("admin");
            admin.run_command(config).await.expect("a replica set of one");
            let began = Stopwatch::start();
            let leads = |hello: &Document| hello.get_bool("isWritablePrimary").unwrap_or(false);
            while !admin.run_command(doc! {"hello": 1}).await.is_ok_and(|hello| leads(&hello)) {
                assert!(began.elapsed() < PATIENCE, "it does not become primary");
            }
        });
        Self { address, _life: Some(life) }
    }

    /// A database of this server.
    pub(crate) fn database(&self, name: &str) -> MongoUrl {
        let (hosts, options) = match self.address.split_once('?') {
            Some((hosts, options)) => (hosts, format!("?{options}")),
            None => (self.address.as_str(), String::new()),
        };
        let scheme_end = hosts.find("://").map_or(0, |at| at + "://".len());
        let end = hosts[scheme_end..].find('/').map_or(hosts.len(), |at| scheme_end + at);
        format!("{}/{name}{options}", &hosts[..end]).parse().expect("a URI with a database")
    }
}

/// Runs work of the driver on its runtime, from a thread that belongs to none.
fn on_runtime<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        scope.spawn(|| runtime().block_on(work)).join().expect("it does not panic")
    })
}

fn keeper(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(folder).arg(program);
    command
}

fn spawn(mut command: Command) -> (Child, ChildStdin) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a shell starts");
    let life = child.stdin.take().expect("it is piped");
    (child, life)
}

#[expect(clippy::disallowed_methods, reason = "the test's own variable, not the program's")]
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Where `.ci/test` installs it.
fn installed() -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the build's folder");
    let program = tools.join("tools/bin/secantusd-rs");
    assert!(
        program.is_file(),
        "no MongoDB: set MONGODB_URI, or install mongod, or run .ci/test once, which installs a test \
         server"
    );
    program
}

//! Running the binary.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use value::Value;

/// How long anything may take before a test gives up; generous for a machine that does more.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn windlass() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command
        .env_remove("KUBECONFIG")
        .env("NO_COLOR", "1")
        .env("USER", "alice");
    // A folder of its own for the beacon: tests and a running demo don't see each other.
    command.env(
        "XDG_RUNTIME_DIR",
        std::env::temp_dir().join(format!("wl-{}", std::process::id())),
    );
    command
}

/// Runs a command to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    windlass().args(args).output().expect("the binary runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A command that stays up.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    pub(crate) kubeconfig: PathBuf,
}

impl Running {
    /// Starts `windlass up` in `dir` and waits until it is ready.
    pub(crate) fn up(dir: &Path, args: &[&str]) -> Self {
        let mut command = windlass();
        command
            .arg("up")
            .arg("--dir")
            .arg(dir)
            .args(["--listen", "127.0.0.1:0"])
            .args(args);
        let mut it = Self::start(command, dir.join("kubeconfig"));
        it.wait_for("Press Ctrl-C");
        it
    }

    pub(crate) fn start(mut command: Command, kubeconfig: PathBuf) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // An error means that nobody reads any more.
                let _closed = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            kubeconfig,
        }
    }

    /// Waits for a line that contains `text`; returns it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) if line.contains(text) => return line,
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                _ => {}
            }
        }
        panic!("{text:?} was never said");
    }

    /// Runs another command against it.
    pub(crate) fn ask(&self, args: &[&str]) -> Output {
        windlass()
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(args)
            .output()
            .expect("it runs")
    }

    /// Returns an application.
    pub(crate) fn app(&self, name: &str) -> Value {
        let output = self.ask(&["app", "get", name, "-o", "json"]);
        Value::parse(&output.stdout).unwrap_or_default()
    }

    /// Waits until an application is as described; returns it.
    pub(crate) fn until(&self, name: &str, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let app = self.app(name);
            if done(&app) {
                return app;
            }
            let status = app.get("status").map(Value::to_json).unwrap_or_default();
            assert!(
                Instant::now() < end,
                "{name}: {what} did not happen: {status}"
            );
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

pub(crate) fn fine(app: &Value) -> bool {
    app.str_at(&["status", "sync", "status"]) == "Synced"
        && app.str_at(&["status", "health", "status"]) == "Healthy"
        && app.str_at(&["status", "operationState", "phase"]) == "Succeeded"
}

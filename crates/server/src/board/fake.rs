//! A fleet that doesn't exist, to see how the dashboard bears a large one. For development only.

use super::Board;
use super::row::{Row, flag};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A made-up fleet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fleet {
    /// Applications.
    pub(crate) apps: u32,
    /// Changes a second.
    pub(crate) deltas: u32,
}

/// Rounds of changes a second.
const ROUNDS: u32 = 20;

impl Fleet {
    /// Fills a board, and changes it until it is dropped.
    pub(crate) async fn run(self, board: Arc<Board>) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let start = Timestamp::now().as_second();
        let rows = (0..self.apps).map(|i| Self::row(i, start, &mut random));
        let named = |row: Row| ((row.ns.clone(), row.name.clone()), Some(row));
        board.put(rows.map(named).collect());
        let mut ticks = tokio::time::interval(Duration::from_millis(u64::from(1000 / ROUNDS)));
        let mut round = 0;
        if self.deltas == 0 || self.apps == 0 {
            return;
        }
        loop {
            ticks.tick().await;
            // What doesn't divide is spread over the rounds.
            let count = self.deltas * (round + 1) / ROUNDS - self.deltas * round / ROUNDS;
            round = (round + 1) % ROUNDS;
            let now = Timestamp::now().as_second();
            let rows = (0..count).map(|_| {
                let i = u32::try_from(random.below(u64::from(self.apps))).unwrap_or(0);
                Self::row(i, now, &mut random)
            });
            board.put(rows.map(named).collect());
        }
    }

    fn row(i: u32, since: i64, random: &mut Random) -> Row {
        let teams = [
            "payments", "search", "catalog", "identity", "billing", "media", "growth", "data",
            "edge", "core",
        ];
        let services = ["api", "web", "worker", "cache", "gateway", "cron", "store"];
        let (at, team) = (i as usize, teams[i as usize % teams.len()]);
        let service = services[at / 10 % services.len()];
        let env = ["prod", "staging", "dev"][at % 3];
        let (sync, health, cause) = match random.below(100) {
            0..3 => (
                "Synced",
                "Degraded",
                format!("Deployment/{service}: 1 of 3 pods failing: ImagePullBackOff."),
            ),
            3..8 => (
                "OutOfSync",
                "Healthy",
                format!("ConfigMap/{service} is not as in Git."),
            ),
            8..11 => (
                "Synced",
                "Progressing",
                "Deployment is progressing.".to_owned(),
            ),
            _ => ("Synced", "Healthy", String::new()),
        };
        let drift = random.below(40).saturating_sub(37);
        Row {
            id: 0,
            ns: "argocd".into(),
            name: format!("{team}-{service}-{env}-{i}").into(),
            project: team.into(),
            cluster: format!("{env}-{}", at % 30).into(),
            server: format!("https://{env}-{}.example:6443", at % 30).into(),
            dest_ns: team.into(),
            repo: format!("https://git.example/{team}/deploy.git").into(),
            path: format!("apps/{service}/{env}").into(),
            sync: sync.into(),
            health: health.into(),
            rev: format!("{:07x}", random.below(400) * 671_088).into(),
            since: since - i64::try_from(random.below(100_000)).unwrap_or(0),
            cause: cause.into(),
            next: "".into(),
            drift: u32::try_from(drift).unwrap_or(0),
            flags: flag::AUTO
                | if i.is_multiple_of(4) {
                    0
                } else {
                    flag::SELF_HEAL
                }
                | if drift > 0 { flag::DRIFT_OPEN } else { 0 },
            resources: 8 + i % 12,
            labels: format!("team={team},tier={}", at % 4).into(),
        }
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

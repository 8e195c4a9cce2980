//! What a question costs with two thousand rules: `cargo bench -p rbac`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use rbac::{Config, MatchMode, Policy, Resource, Subject};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long one figure is measured.
const MEASURED: Duration = Duration::from_millis(500);
const RULES: usize = 2_000;

fn policy(mode: MatchMode, csv: &str) -> Policy {
    let mut config = Config {
        match_mode: mode,
        default_role: "role:none".to_owned(),
        ..Config::default()
    };
    config.add("policy.csv", csv);
    let mut policy = Policy::parse(&config).expect("a policy");
    let roles =
        "p, proj:team-77:ci, applications, sync, team-77/*, allow\ng, other, proj:team-77:ci";
    policy
        .set_project_policy("team-77", roles)
        .expect("a project");
    policy
}

/// Returns the processor's time that this thread has had: others may use the machine too.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn measure(name: &str, policy: &Policy, subject: &Subject, object: &str) {
    let ask = || {
        policy
            .check(subject, Resource::Applications, "sync", object)
            .is_ok()
    };
    let answer = ask();
    let (from, busy, mut asked) = (Instant::now(), cpu(), 0_u32);
    while from.elapsed() < MEASURED {
        for _ in 0..100 {
            black_box(ask());
        }
        asked += 100;
    }
    let each = (cpu() - busy) / asked;
    println!(
        "{name:<42} {each:>10.1?}  {}",
        if answer { "yes" } else { "no" }
    );
}

fn main() {
    let teams = |role: &dyn Fn(usize) -> String, pattern: &dyn Fn(usize) -> String| {
        let line = |n| {
            format!(
                "p, {}, applications, sync, {}, allow\n",
                role(n),
                pattern(n)
            )
        };
        let mut csv: String = (0..RULES).map(line).collect();
        csv.push_str("g, acme:dev, role:0\ng, alice, role:0\n");
        csv
    };
    let own = |n: usize| format!("role:{n}");
    let one = |_: usize| "role:0".to_owned();
    let groups: Vec<String> = (0..50).map(|n| format!("group-{n}")).collect();
    let alice = Subject::user("alice", [""; 0]);
    let sso = Subject::user("bob", groups.iter().map(String::as_str).chain(["acme:dev"]));
    let admin = Subject::user("admin", [""; 0]);

    let spread = policy(MatchMode::Glob, &teams(&own, &|n| format!("team-{n}/*")));
    measure("a role each, through a role", &spread, &alice, "team-0/web");
    measure("a role each, refused", &spread, &alice, "team-1/web");
    measure("a role each, one of 51 groups", &spread, &sso, "team-0/web");
    measure(
        "a role each, in a project with roles",
        &spread,
        &sso,
        "team-77/web",
    );
    measure("admin, built in", &spread, &admin, "team-1/web");
    let fat = policy(MatchMode::Glob, &teams(&one, &|n| format!("team-{n}/*")));
    measure(
        "one role with all, by project",
        &fat,
        &alice,
        "team-1999/web",
    );
    let odd = policy(MatchMode::Glob, &teams(&one, &|n| format!("*/web-{n}-*")));
    measure(
        "one role with all, by odd patterns",
        &odd,
        &alice,
        "team-1/web-1999-x",
    );
    let tails = policy(MatchMode::Glob, &teams(&one, &|n| format!("*-{n}")));
    measure(
        "one role with all, by endings",
        &tails,
        &alice,
        "team-1/web-1999",
    );
    let within = policy(
        MatchMode::Glob,
        &teams(&one, &|n| format!("team-1/web-{n}-*")),
    );
    measure(
        "one role with all, in one project",
        &within,
        &alice,
        "team-1/web-1999-x",
    );
    let actions: String = (0..RULES)
        .map(|n| format!("p, role:0, applications, action/apps/Deployment/a{n}, */*, allow\n"))
        .chain(["g, alice, role:0\n".to_owned()])
        .collect();
    let actions = policy(MatchMode::Glob, &actions);
    measure(
        "one role with all, by actions",
        &actions,
        &alice,
        "team-1/web",
    );
    let denied: String = (0..RULES)
        .map(|n| format!("p, role:0, applications, *, *-{n}/*, deny\n"))
        .chain(["p, role:0, applications, *, *, allow\ng, alice, role:0\n".to_owned()])
        .collect();
    let denied = policy(MatchMode::Glob, &denied);
    measure(
        "one role that refuses all but one",
        &denied,
        &alice,
        "team-x/web",
    );
    let same: String = (0..RULES)
        .map(|_| "p, role:0, applications, *, */*, allow\n".to_owned())
        .chain(["g, alice, role:0\n".to_owned()])
        .collect();
    let same = policy(MatchMode::Glob, &same);
    measure(
        "one role with the same again and again",
        &same,
        &alice,
        "team-1/web",
    );
    let regex = policy(
        MatchMode::Regex,
        &teams(&one, &|n| format!(".*/web-{n}-.*")),
    );
    measure(
        "regular expressions, odd ones",
        &regex,
        &alice,
        "team-1/web-1999-x",
    );
    let regex = policy(
        MatchMode::Regex,
        &teams(&own, &|n| format!("^team-{n}/.*$")),
    );
    measure(
        "regular expressions, a role each",
        &regex,
        &alice,
        "team-0/web",
    );
    let regex = policy(
        MatchMode::Regex,
        &teams(&one, &|n| format!("^team-{n}/.*$")),
    );
    measure(
        "regular expressions, one role",
        &regex,
        &alice,
        "team-1999/web",
    );
    let judge = spread.judge(&alice);
    let busy = cpu();
    for n in 0..10_000 {
        black_box(judge.allows(
            Resource::Applications,
            "sync",
            &format!("team-{}/web", n % 2000),
        ));
    }
    println!(
        "{:<42} {:>10.1?}",
        "a list of 10,000 applications",
        cpu() - busy
    );
}

#!/usr/bin/env bash
# Everything that guards the dashboard: types, a fresh build equal to what is committed, sizes, unit tests, a real Chromium.
# Needs Node 20.19 or newer and, for the demo's scenes, a built `windlass` (target/, CARGO_TARGET_DIR or WINDLASS_BIN).
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n-- ui: %s\n' "$*"; }

say "dependencies"
npm ci --no-audit --no-fund --loglevel=error
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
  say "Chromium"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi

say "types and a fresh build"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
UI_DIST=$fresh npm run -s build
if ! diff -rq "$fresh" dist; then
  echo "ui/dist isn't what its sources build: npm run build, and commit it" >&2
  exit 1
fi

say "sizes"
npm run -s size

say "unit tests"
npm run -s unit

say "browser"
npm run -s browser

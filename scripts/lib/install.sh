# shellcheck shell=bash
# Shared by scripts/demo and scripts/test: installs what this machine lacks. Sourced, with the project's folder as the
# working directory. Says what it does, and what to do when something cannot be had.

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'livetran: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# is_there ffmpeg|redis|chromium|python|go|zsh|curl|openssl|nginx
is_there() {
  case $1 in
    ffmpeg) has ffmpeg && has ffprobe ;;
    redis) has redis-server || has valkey-server ;;
    python) has python3 ;;
    nginx) has nginx || [ -x /usr/sbin/nginx ] ;;
    go | zsh | curl | openssl) has "$1" ;;
    chromium)
      has chromium || has chromium-browser || has google-chrome ||
        [ -d "/Applications/Chromium.app" ] || [ -d "/Applications/Google Chrome.app" ]
      ;;
    *) fail "unknown part $1" ;;
  esac
}

# need <part>...: installs those that are missing.
need() {
  local part missing=()
  for part in "$@"; do
    is_there "$part" || missing+=("$part")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if has apt-get; then
    local packages=()
    for part in "${missing[@]}"; do packages+=("$(debian_package "$part")"); done
    apt_install "${packages[@]}"
  elif has brew; then
    brew_install "${missing[@]}"
  else
    fail "neither apt-get nor brew is here to install ${missing[*]}; install that by hand and start again"
  fi
  for part in "${missing[@]}"; do
    is_there "$part" || fail "$part is still missing after its installation; install it by hand and start again"
  done
}

say_installing() { say "installing $*; this can take some minutes"; }

debian_package() {
  case $1 in
    redis) echo redis-server ;;
    python) echo python3 ;;
    go) echo golang-go ;;
    nginx) echo nginx-light ;;
    *) echo "$1" ;;
  esac
}

apt_install() {
  local log
  can_be_root || fail "$* must be installed, and that needs root. Run this, then start again:
  apt-get update && apt-get install -y --no-install-recommends $*"
  say_installing "$@"
  log=$(mktemp)
  if apt_get update >"$log" 2>&1 && apt_get install -y --no-install-recommends "$@" >>"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 20 "$log" >&2
    fail "apt-get could not install $* (all that it said: $log)"
  fi
}

apt_get() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
  else
    sudo DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
  fi
}

# sudo may ask for a password where somebody is there to type it.
can_be_root() {
  [ "$(id -u)" = 0 ] || { has sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; }
}

brew_install() {
  local part
  say_installing "$@"
  for part in "$@"; do
    case $part in
      # The worker loads libsrt itself, so it is asked for by name.
      ffmpeg) brew install ffmpeg srt ;;
      chromium) brew install --cask chromium ;;
      *) brew install "$part" ;;
    esac || fail "brew could not install $part; see its messages above"
  done
}

# The FFmpeg of some packagers cannot do SRT; the test picture is sent with it.
need_srt() {
  ffmpeg -hide_banner -protocols 2>/dev/null | grep -w srt >/dev/null ||
    fail "this FFmpeg ($(command -v ffmpeg)) cannot send SRT; install one that was built with libsrt, as Debian's and Ubuntu's are"
}

# The system's Node only runs npm; the project's own Node comes with its packages.
need_node() {
  local major
  { has node && has npm; } ||
    fail "Node 18 or later and npm are needed to begin with (Debian, Ubuntu: apt-get install nodejs npm; macOS: brew install node)"
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 18 ] || fail "Node 18 or later is needed to begin with, and this one is $(node --version)"
}

# need_packages run|tests: the project's packages, unless npm has installed those of package-lock.json already. npm leaves
# out optional packages that do not suit the Node it runs under, native parts of the tests among them: so it runs under
# the project's own Node.
need_packages() {
  local bootstrap pids
  packages_fit "$1" && return 0
  pids=$(pids_of_own_node)
  [ -z "$pids" ] || fail "npm must install other packages, and programs run with the present ones (pid $pids).
Stop Livetran, then start again"
  need_node
  bootstrap=$(mktemp -d)
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 24 ]; then
    say "fetching the project's own Node"
    npm_quietly install --prefix "$bootstrap" "node@$(node -p 'require("./package.json").dependencies.node')"
  fi
  say "installing the project's packages (npm ci)"
  PATH="$bootstrap/node_modules/.bin:$PATH" npm_quietly ci
  rm -rf "$bootstrap"
}

packages_fit() {
  [ -x node_modules/.bin/node ] && [ -f node_modules/.package-lock.json ] &&
    node_modules/.bin/node scripts/packagesFit.ts "$1" 2>/dev/null
}

# Processes that run the project's own Node now, on one line: npm ci would remove their packages.
pids_of_own_node() {
  local exe pid own found=()
  own=$(pwd -P)/node_modules/node/bin/node
  if [ -d /proc/self ]; then
    for exe in /proc/[0-9]*/exe; do
      pid=${exe#/proc/}
      [ "$(readlink "$exe")" != "$own" ] || found+=("${pid%/exe}")
    done
  elif has lsof && [ -x "$own" ]; then
    for pid in $(lsof -t "$own" 2>/dev/null); do found+=("$pid"); done
  fi
  printf '%s' "${found[*]-}"
}

# An old npm under a new Node prints warnings of that Node which nobody here can act on.
npm_quietly() {
  NODE_NO_WARNINGS=1 npm "$@" --no-audit --no-fund --loglevel=error </dev/null || fail "npm $1 failed; see its messages above"
}

# shellcheck shell=bash
# The executables. AIOPS_BIN=FOLDER takes them from there instead of building.

executables=(aiops-coordinator aiops-detector aiops-diagnoser aiops-resolver aiopsctl)

# build_release: builds them; their folder is then in $bin.
build_release() {
  local name
  if [[ -n ${AIOPS_BIN:-} ]]; then
    bin=$(cd "$AIOPS_BIN" && pwd) || fail "AIOPS_BIN=$AIOPS_BIN is no folder"
  else
    say "Building for release (the first time takes some minutes)"
    # With the Swift runtime inside, they run where no Swift is, and take less memory. One by one: a build of
    # everything would link a library that nobody uses too, and with that runtime it can't.
    for name in "${executables[@]}"; do
      swift build --package-path "$root" -c release -j 2 --static-swift-stdlib --product "$name" </dev/null
    done
    bin=$(swift build --package-path "$root" -c release --static-swift-stdlib --show-bin-path)
  fi
  for name in "${executables[@]}"; do
    [[ -x $bin/$name ]] || fail "$bin/$name is not there"
  done
}

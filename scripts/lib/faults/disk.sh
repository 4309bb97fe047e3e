# shellcheck shell=bash
# Old logs fill a file system of 64 MB: a tmpfs where it may be mounted, else a folder with a budget.

fault_packages=()
fault_story="old logs fill a file system of 64 MB"
fault_metrics='host_(disk|folder).*'
fault_end=resolved
disk_megabytes=64

fault_prepare() {
  disk=$work/disk
  mkdir "$disk"
  if mount -t tmpfs -o "size=${disk_megabytes}m,mode=755" aiops-demo "$disk" 2>/dev/null; then
    mounts=$disk budget='' disk_rule='host_disk_usage: {threshold: {above: 90}}'
    say "A tmpfs of $disk_megabytes MB is mounted on $disk"
  else
    mounts='' budget='budget: 64MiB' disk_rule='host_disk_usage: off'
    fault_story="old logs fill a folder whose budget is 64 MB"
    say "May not mount a tmpfs here: the folder $disk has a budget of $disk_megabytes MB instead"
  fi
  start ledger python3 -u "$lib/apps/ledger.py" "$disk" "$work/healthy.json"
  wait_for_healthy ledger
  printf 'not a log\n' >"$disk/customers.csv"
  touch -d '30 days ago' "$disk/customers.csv"
}

fault_source() {
  cat <<YAML
  - name: shop-host
    type: host
    mounts: [$mounts]
    folders:
      - path: $disk
        deletable: ["*.log"]
        $budget
    rules:
      # Without a mount of our own every file system would be held against the default bound.
      $disk_rule
    interval: 2s
    retry: 5s
    autonomy: auto
YAML
}

fault_begin() {
  local day
  for day in {1..61}; do
    head -c 1M /dev/zero >"$disk/shop-$day.log"
    touch -d "$((day + 3)) days ago" "$disk/shop-$day.log"
    sleep 0.02
  done
}

fault_check() {
  local name
  for name in customers.csv ledger.db today.log; do
    if [[ ! -s $disk/$name ]]; then
      complain "$name is gone"
      return 1
    fi
  done
  for name in ledger.db today.log; do
    if [[ $(head -n 1 "$disk/$name") != "0 sold" ]]; then
      complain "$name was deleted and began anew"
      return 1
    fi
  done
  check_healthy ledger || return 1
  say "  healthy      customers.csv, ledger.db and today.log are whole: $(healthy .queries) writes, none failed"
}

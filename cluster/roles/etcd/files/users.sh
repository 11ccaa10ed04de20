# Gives etcd its users, and then turns its authentication on. Standard input has a line for each user:
#   name password permission:key...    permission: read, write or readwrite; a key that ends with / is a prefix
# Prints a line for each change. root has no password: it is who has the certificate with this name (ring-etcdctl).
set -eu

# has_permission ROLE "KV Read" KEY
has_permission() {
  ring-etcdctl role get "$1" | awk -v part="$2:" -v key="$3" '
    /^[A-Z]/ { in_part = ($0 == part); next }
    in_part && ($1 == key || index($0, "(prefix " key ")")) { found = 1 }
    END { exit !found }'
}

# The password reaches etcdctl by its standard input or environment: arguments are seen by everybody on the machine.
ensure_user() {
  name=$1 password=$2
  shift 2
  ring-etcdctl role get "$name" >/dev/null 2>&1 || ring-etcdctl role add "$name" >/dev/null
  for permission; do
    kind=${permission%%:*} key=${permission#*:} is_missing=
    case $kind in *read*) has_permission "$name" "KV Read" "$key" || is_missing=1 ;; esac
    case $kind in *write) has_permission "$name" "KV Write" "$key" || is_missing=1 ;; esac
    [ -n "$is_missing" ] || continue
    case $key in */) range=--prefix=true ;; *) range=--prefix=false ;; esac
    ring-etcdctl role grant-permission $range "$name" "$kind" "$key" >/dev/null
    echo "permission of $name: $kind $key"
  done
  if ! echo "$users" | grep -qx "$name"; then
    echo "$password" | ring-etcdctl user add "$name" --interactive=false >/dev/null
    ring-etcdctl user grant-role "$name" "$name" >/dev/null
    echo "user $name"
  elif [ -z "$is_on" ] || ! ETCDCTL_USER=$name:$password ring-etcdctl get --keys-only "${1#*:}" >/dev/null 2>&1; then
    echo "$password" | ring-etcdctl user passwd "$name" --interactive=false >/dev/null
    echo "password of $name"
  fi
}

users=$(ring-etcdctl user list)
is_on=$(ring-etcdctl auth status | grep 'Status: true') || :
if ! echo "$users" | grep -qx root; then
  ring-etcdctl user add root --no-password >/dev/null
  ring-etcdctl user grant-role root root >/dev/null
  echo "user root"
fi
while read -r line <&3; do
  [ -n "$line" ] || continue
  # shellcheck disable=SC2086 # words
  ensure_user $line
done 3<&0 </dev/null
[ -n "$is_on" ] || ring-etcdctl auth enable

# shellcheck shell=bash
# setup: Debian packages, the Python environment of the tests, Apache Kafka. A second run finds all in place and downloads nothing.

# A package, and after the bar a command that proves the same thing was installed in another way (a JDK of one's own, say).
hy_packages() {
    cat <<'TABLE'
gcc                     | command -v cc
libc6-dev               |
binutils                | command -v nm
cmake                   | command -v cmake
ninja-build             | command -v ninja
patch                   | command -v patch
pkg-config              | command -v pkg-config
librdkafka-dev          | pkg-config --exists rdkafka
libhiredis-dev          | pkg-config --exists hiredis
libprotobuf-c-dev       | pkg-config --exists libprotobuf-c
protobuf-c-compiler     | command -v protoc-c
libmicrohttpd-dev       | pkg-config --exists libmicrohttpd
libsodium-dev           | pkg-config --exists libsodium
libxxhash-dev           | pkg-config --exists libxxhash
libssl-dev              | pkg-config --exists libcrypto
libjansson-dev          | pkg-config --exists jansson
libyaml-dev             | pkg-config --exists yaml-0.1
libglib2.0-dev          | pkg-config --exists glib-2.0
libcurl4-openssl-dev    | pkg-config --exists libcurl
libsystemd-dev          | pkg-config --exists libsystemd
libmimalloc-dev         |
libcriterion-dev        | pkg-config --exists criterion
clang-format            | command -v clang-format
clang-tidy              | command -v clang-tidy
clang                   | command -v clang
libclang-rt-14-dev      | ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
spin                    | command -v spin
redis-server            | command -v redis-server
openjdk-17-jre-headless | command -v java
maven                   | command -v mvn
python3                 | command -v python3
python3-venv            | python3 -c 'import ensurepip, venv'
tzdata                  |
curl                    | command -v curl
jq                      | command -v jq
TABLE
}

missing_packages() {
    local installed package proof
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null)
    while IFS='|' read -r package proof; do
        package=${package// /}
        [[ $'\n'$installed$'\n' != *$'\n'"$package installed"$'\n'* ]] || continue
        [ -n "${proof// /}" ] && eval "$proof" >/dev/null 2>&1 && continue
        printf '%s\n' "$package"
    done < <(hy_packages)
}

setup_packages() {
    local -a missing
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} -eq 0 ]; then
        say "Debian packages: all here"
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "Debian packages are missing, and only root can install them. Run this, then ./dev setup again:"
        printf 'sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n' "${missing[*]}"
        exit 1
    fi
    say "installing Debian packages: ${missing[*]}"
    install_packages "${missing[@]}"
}

# The redis-server package would start a Redis of its own on the port that ours wants; a policy of 101 ("not allowed") prevents that.
install_packages() (
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f '$policy EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >"$HY_CACHE_DIR/apt.log" 2>&1 ||
        { tail -n 30 "$HY_CACHE_DIR/apt.log" >&2; die "apt-get failed; all of its output: $HY_CACHE_DIR/apt.log"; }
)

setup_python() {
    local venv=$HY_CACHE_DIR/venv wanted
    wanted=$(sha256sum <tests/requirements.txt)
    if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.requirements" 2>/dev/null)" = "$wanted" ]; then
        say "Python packages: all here"
        return
    fi
    say "installing Python packages into $venv"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r tests/requirements.txt
    "$venv/bin/pip" check
    printf '%s\n' "$wanted" >"$venv/.requirements"
}

kafka_jars_match() {
    local jars=$1
    [ -d "$jars" ] && [ "$(find "$jars" -name '*.jar' | wc -l)" -eq "$(wc -l <deploy/dev/kafka/SHA256SUMS)" ] &&
        (cd "$jars" && sha256sum --check --strict --status "$HY_ROOT/deploy/dev/kafka/SHA256SUMS")
}

# fetch_kafka_jars FOLDER: the exact jars that deploy/dev/kafka/pom.xml names
fetch_kafka_jars() {
    say "fetching Apache Kafka with Maven"
    rm -rf "$1"
    mvn --batch-mode --quiet -Dstyle.color=never --file deploy/dev/kafka/pom.xml dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$1" </dev/null
}

setup_kafka() {
    local jars=$HY_CACHE_DIR/kafka/jars
    if kafka_jars_match "$jars"; then
        say "Apache Kafka: all here"
        return
    fi
    fetch_kafka_jars "$jars.new"
    kafka_jars_match "$jars.new" ||
        die "the jars in $jars.new are not those of deploy/dev/kafka/SHA256SUMS: do not use them. If the pom was changed on purpose: ./dev kafka pin"
    rm -rf "$jars"
    mv "$jars.new" "$jars"
}

# For a changed pom: fetch, and write down what came. Whoever commits the result answers for it.
pin_kafka_jars() {
    local jars=$HY_CACHE_DIR/kafka/jars
    fetch_kafka_jars "$jars.new"
    (cd "$jars.new" && sha256sum -- *.jar) >deploy/dev/kafka/SHA256SUMS
    rm -rf "$jars"
    mv "$jars.new" "$jars"
    say "wrote deploy/dev/kafka/SHA256SUMS"
}

cmd_setup() {
    mkdir -p "$HY_CACHE_DIR/kafka"
    # Two setups at once would trip over each other.
    (
        flock 9
        setup_packages
        setup_python
        setup_kafka
    ) 9>"$HY_CACHE_DIR/setup.lock"
}

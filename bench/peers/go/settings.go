package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// settings come from the environment that bench/run gives every peer.
type settings struct {
	brokers               []string
	input, output, group  string
	partitions            int
	redis                 bool
	redisAddress, redisDB string
	redisPrefix           string
	program               string
}

func readSettings() (settings, error) {
	prefix := os.Getenv("HY_TOPIC_PREFIX")
	s := settings{
		brokers:     strings.Split(os.Getenv("HY_KAFKA_BROKERS"), ","),
		input:       prefix + "purchases",
		output:      prefix + "peer-ledger",
		group:       prefix + "peer",
		redisPrefix: os.Getenv("HY_REDIS_PREFIX"),
		program:     "deploy/dev/program.yaml",
	}
	var err error
	if s.partitions, err = strconv.Atoi(os.Getenv("HY_PARTITIONS")); err != nil || s.partitions <= 0 {
		return s, fmt.Errorf("HY_PARTITIONS: %q is no number of partitions", os.Getenv("HY_PARTITIONS"))
	}
	switch os.Getenv("PEER_REDIS") {
	case "on":
		s.redis = true
	case "off":
		return s, nil
	default:
		return s, fmt.Errorf("PEER_REDIS: %q is neither on nor off", os.Getenv("PEER_REDIS"))
	}
	address, err := url.Parse(os.Getenv("HY_REDIS_URL"))
	if err != nil || address.Scheme != "redis" {
		return s, fmt.Errorf("HY_REDIS_URL: %q is not redis://HOST:PORT/DB", os.Getenv("HY_REDIS_URL"))
	}
	s.redisAddress, s.redisDB = address.Host, strings.Trim(address.Path, "/")
	return s, nil
}

// What was tuned; the figures behind each are in README.md. Another value may be tried without compiling: PEER_FETCH_BYTES=…
var (
	pipelines   = tunable("PEER_PIPELINES", 2)
	gcPercent   = tunable("PEER_GC_PERCENT", 400)
	fetchBytes  = tunable("PEER_FETCH_BYTES", 6<<20)
	batchBytes  = tunable("PEER_BATCH_BYTES", 1_000_000) // the broker's message.max.bytes is 1 MiB
	pairsACall  = tunable("PEER_REDIS_PAIRS", 512)
	linger      = time.Duration(tunable("PEER_LINGER_MS", 10)) * time.Millisecond
	commitEvery = time.Duration(tunable("PEER_COMMIT_MS", 100)) * time.Millisecond
)

const (
	// A batch may have all its records under way at once: the next waits for its commit anyway.
	bufferedRecords = 1 << 20
	heartbeat       = 200 * time.Millisecond
	metadataAge     = 20 * time.Millisecond
)

func tunable(name string, otherwise int) int {
	text, given := os.LookupEnv(name)
	if !given {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 {
		fmt.Fprintf(os.Stderr, "peer: %s: %q is no number\n", name, text)
		os.Exit(2)
	}
	return value
}

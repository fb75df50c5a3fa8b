// The Go peer of the benchmark: what it does and how it was made fast is in README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run() error {
	stopProfile, err := startProfile(os.Getenv("PEER_PROFILE"))
	if err != nil {
		return err
	}
	defer stopProfile()
	debug.SetGCPercent(gcPercent)
	s, err := readSettings()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	program, err := readProgram(s.program)
	if err != nil {
		return err
	}
	return runPipelines(ctx, stop, &s, program)
}

// runPipelines ends when all have ended; the first that fails ends the others.
func runPipelines(ctx context.Context, stop func(), s *settings, program *program) error {
	count := min(pipelines, s.partitions)
	all := newShares(count, s.partitions)
	failed := make(chan error)
	for number := range count {
		go func() {
			defer stop()
			p, err := openPipeline(number, s, program, all)
			if err == nil {
				err = errors.Join(p.run(ctx), p.close())
			}
			failed <- err
		}()
	}
	var errs []error
	for range count {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// startProfile: for `go tool pprof`, when PEER_PROFILE names a file.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); out.Close() }, pprof.StartCPUProfile(out)
}

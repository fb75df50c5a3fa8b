package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// pipeline is one member of the group with transactions of its own: all that comes within commitEvery is one of them, the
// ledger and the offsets together. While one pipeline waits for its commit, another has the processor.
type pipeline struct {
	number   int
	settings *settings
	shares   *shares
	session  *kgo.GroupTransactSession
	worker   *worker
	states   []*state // by partition
	redis    *redisWriter
	refused  atomic.Pointer[error] // the first record that Kafka did not take
}

// The state in memory is ahead of Kafka then, and nothing can bring it back: it dies with the process.
var errRebalanced = errors.New("the group divided its partitions anew, so a transaction was aborted")

func openPipeline(number int, s *settings, program *program, all *shares) (*pipeline, error) {
	p := &pipeline{number: number, settings: s, shares: all, states: make([]*state, s.partitions)}
	p.worker = newWorker(program, s.output, p.produce)
	var err error
	if s.redis {
		if p.redis, err = openRedis(s); err != nil {
			return nil, err
		}
	}
	p.session, err = kgo.NewGroupTransactSession(p.options()...)
	return p, err
}

func (p *pipeline) options() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(p.settings.brokers...),
		kgo.ConsumerGroup(p.settings.group),
		kgo.Balancers(kgo.RangeBalancer()), // at once, not in several rounds as cooperative ones do
		kgo.ConsumeTopics(p.settings.input),
		kgo.HeartbeatInterval(heartbeat), // at which the first pipeline learns of the second
		kgo.MetadataMinAge(metadataAge),  // for which a record that must be sent again may wait
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			p.shares.add(p.number, len(parts[p.settings.input]))
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			p.shares.add(p.number, -len(parts[p.settings.input]))
		}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// A partition may fill a whole fetch: what is read at once then belongs to few members.
		kgo.FetchMaxBytes(int32(fetchBytes)),
		kgo.FetchMaxPartitionBytes(int32(fetchBytes)),
		kgo.WithPools(&recordPool{}),
		kgo.TransactionalID(fmt.Sprintf("%s-%d", p.settings.group, p.number)),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), // the input's partition is the output's
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(linger),
		kgo.ProducerBatchMaxBytes(int32(batchBytes)),
		kgo.MaxBufferedRecords(bufferedRecords),
	}
}

func (p *pipeline) run(ctx context.Context) error {
	select {
	case <-p.shares.ready:
	case <-ctx.Done():
		return nil
	}
	if err := p.forgetRebalances(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		fetches, err := p.poll(ctx)
		if err == nil && fetches.NumRecords() > 0 {
			err = p.batch(ctx, fetches)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetRebalances ends an empty transaction: the session aborts the first one after the group divided its partitions, which
// it does while the pipelines join.
func (p *pipeline) forgetRebalances() error {
	if err := p.session.Begin(); err != nil {
		return err
	}
	_, err := p.session.End(context.Background(), kgo.TryAbort)
	return err
}

// poll waits until something came, or the context ends.
func (p *pipeline) poll(ctx context.Context) (kgo.Fetches, error) {
	fetches := p.session.PollFetches(ctx)
	for _, failed := range fetches.Errors() {
		if !errors.Is(failed.Err, context.DeadlineExceeded) && !errors.Is(failed.Err, context.Canceled) {
			return nil, fmt.Errorf("partition %d: %w", failed.Partition, failed.Err)
		}
	}
	return fetches, nil
}

// batch takes what came, and what comes while it lasts.
func (p *pipeline) batch(ctx context.Context, fetches kgo.Fetches) error {
	until, stop := context.WithTimeout(ctx, commitEvery)
	defer stop()
	err := p.session.Begin()
	for err == nil {
		if err = p.take(fetches); err != nil {
			break
		}
		if until.Err() != nil {
			return p.commit()
		}
		fetches, err = p.poll(until)
	}
	return err
}

func (p *pipeline) take(fetches kgo.Fetches) (err error) {
	fetches.EachPartition(func(part kgo.FetchTopicPartition) {
		if err == nil && len(part.Records) > 0 {
			err = p.worker.take(p.state(part.Partition), part.Records)
		}
	})
	return err
}

func (p *pipeline) state(partition int32) *state {
	if p.states[partition] == nil {
		p.states[partition] = newState(partition)
	}
	return p.states[partition]
}

func (p *pipeline) produce(r *kgo.Record) {
	p.session.Produce(context.Background(), r, p.produced)
}

func (p *pipeline) produced(r *kgo.Record, err error) {
	if err != nil {
		p.refused.CompareAndSwap(nil, &err)
	}
	r.Recycle()
}

// commit ends the transaction. What Redis must show is written down meanwhile, and sent when Kafka has it.
func (p *pipeline) commit() error {
	values := p.valuesForRedis()
	committed, err := p.session.End(context.Background(), kgo.TryCommit)
	if refused := p.refused.Load(); refused != nil {
		err = errors.Join(err, *refused)
	}
	batch := <-values
	if err == nil && !committed {
		err = errRebalanced
	}
	if err != nil {
		return err
	}
	p.worker.room.reset()
	if p.redis == nil {
		return nil
	}
	return p.redis.send(batch)
}

func (p *pipeline) valuesForRedis() <-chan *redisBatch {
	values := make(chan *redisBatch, 1)
	if p.redis == nil {
		close(values)
		return values
	}
	go func() {
		batch := p.redis.next()
		if batch != nil {
			p.redis.fill(batch, p.states)
		}
		values <- batch
	}()
	return values
}

func (p *pipeline) close() error {
	p.session.Close()
	if p.redis != nil {
		return p.redis.close()
	}
	return nil
}

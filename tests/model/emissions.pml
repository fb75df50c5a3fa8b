/* Emissions from one partition to another, as outbox.c, takeover.c and `admit` in decide.c do them: README.md.
 * Each block emits one; its number is the block's seq. Who owns the partition is settled by takeover.pml: a
 * former owner makes no block that counts and does not project, but may go on sending what is durable. */
#ifndef FAULTS
#define FAULTS 3
#endif
#define BLOCKS 3
#define CLAIMS 3

typedef Owner {
    bit on;
    unsigned known : 2;        /* blocks that it knows: emissions up to there are in its outbox … */
    unsigned acknowledged : 2; /* … but for these */
    unsigned sent : 2;         /* handed to Kafka */
    unsigned epoch : 3         /* raised when everything is sent again */
};
Owner t[2];
unsigned owner : 1;
unsigned blocks : 2;
byte through[BLOCKS + 1]; /* emitted_through of each block */
unsigned seq : 2, unsent : 2; /* the watermark */
unsigned kept_seq : 2, kept_unsent : 2;
unsigned mark : 2; /* the target's high-water mark */
byte taken[BLOCKS + 1];
chan pipe[2] = [3] of { byte, byte }; /* number, epoch: one client keeps the order */
byte late; /* a number that was given up by its client and may still be written */
unsigned faults : 3, claims : 3;
hidden byte i, n, epoch;

inline arrives(number) {
    /* Promise: nothing is emitted that is not durable. */
    assert(number <= blocks);
    if
#ifdef WITHOUT_MARK
    :: true -> taken[number]++
#else
#ifdef WITHOUT_GAP_REFUSED
    :: number > mark -> taken[number]++; mark = number
#else
    :: number == mark + 1 -> taken[number]++; mark = number
#endif
    :: else /* a repeat, or a gap: refused, it comes again */
#endif
    fi;
    /* Promise: an emission counts once. */
    assert(taken[number] <= 1)
}

inline again(o) {
    t[o].epoch++;
    t[o].sent = t[o].acknowledged
}

inline take_over(o) {
    claims++;
    t[o].on = 1;
    owner = o;
    i = (unsent != 0 -> unsent : seq);
    t[o].acknowledged = (i == 0 -> 0 : i - 1);
    do
    :: i <= blocks ->
        if
        :: i != 0 && through[i] > t[o].acknowledged -> t[o].acknowledged = through[i]
        :: else
        fi;
        i++
    :: else -> break
    od;
    t[o].known = blocks;
    t[o].sent = t[o].acknowledged
}

#ifdef SENDS_BEFORE_DURABLE
#define MAY_SEND(o) (t[o].sent < t[o].known + (owner == o && t[o].known < BLOCKS))
#else
#define MAY_SEND(o) (t[o].sent < t[o].known)
#endif
#ifdef WITHOUT_UNSENT
#define UNSENT(o) 0
#else
#define UNSENT(o) (t[o].acknowledged < t[o].known -> t[o].acknowledged + 1 : 0)
#endif
#define FAULT (faults < FAULTS)

active [2] proctype instance() {
end:
    do
    :: d_step { !t[_pid].on && claims < CLAIMS && (claims > 0 || _pid == 0) ->
        take_over(_pid);
        printf("%d claims; emissions up to %d are known to be sent\n", _pid, t[_pid].acknowledged) }
    :: d_step { t[_pid].on && owner == _pid && blocks < BLOCKS ->
        blocks++;
        t[_pid].known = blocks;
#ifdef EMITTED_THROUGH_TOO_FAR
        through[blocks] = t[_pid].sent;
#else
        through[blocks] = t[_pid].acknowledged;
#endif
        printf("%d makes block %d\n", _pid, blocks) }
    :: d_step { t[_pid].on && owner == _pid && (seq != t[_pid].known || unsent != UNSENT(_pid)) ->
        seq = t[_pid].known;
        unsent = UNSENT(_pid);
        printf("%d projects: %d, unsent from %d\n", _pid, seq, unsent) }
    :: d_step { t[_pid].on && MAY_SEND(_pid) && nfull(pipe[_pid]) ->
        t[_pid].sent++;
        pipe[_pid]!t[_pid].sent, t[_pid].epoch }
    :: d_step { t[_pid].on && faults < FAULTS ->
        faults++;
        printf("%d dies\n", _pid);
        t[_pid].on = 0; t[_pid].known = 0; t[_pid].acknowledged = 0; t[_pid].sent = 0;
        t[_pid].epoch++ }
    od
}

active [2] proctype kafka() { /* of instance _pid - 2 */
end:
    do
    :: d_step { nempty(pipe[_pid - 2]) ->
        pipe[_pid - 2]?n, epoch;
        arrives(n);
        if
        :: t[_pid - 2].on && epoch == t[_pid - 2].epoch && n > t[_pid - 2].acknowledged -> t[_pid - 2].acknowledged = n
        :: else
        fi;
        printf("    %d arrives from %d\n", n, _pid - 2) }
    :: d_step { nempty(pipe[_pid - 2]) && FAULT ->
        faults++;
        pipe[_pid - 2]?n, epoch;
        arrives(n);
        printf("    %d arrives from %d, reported as failed\n", n, _pid - 2);
        if
        :: t[_pid - 2].on && epoch == t[_pid - 2].epoch -> again(_pid - 2)
        :: else
        fi }
    :: d_step { nempty(pipe[_pid - 2]) && FAULT && late == 0 ->
        faults++;
        pipe[_pid - 2]?late, epoch;
        printf("    %d from %d is reported as failed\n", late, _pid - 2);
        if
        :: t[_pid - 2].on && epoch == t[_pid - 2].epoch -> again(_pid - 2)
        :: else
        fi }
    :: d_step { nempty(pipe[_pid - 2]) && !t[_pid - 2].on ->
        pipe[_pid - 2]?n, epoch;
        printf("    %d of the dead %d is never written\n", n, _pid - 2) }
    od
}

active proctype late_and_lost() {
end:
    do
    :: d_step { late != 0 -> n = late; late = 0; arrives(n); printf("    %d arrives late\n", n) }
    :: d_step { late != 0 -> late = 0 }
    :: d_step { FAULT && kept_seq == 0 && seq != 0 -> kept_seq = seq; kept_unsent = unsent }
    :: d_step { FAULT && (seq != kept_seq || unsent != kept_unsent) ->
        faults++;
        seq = kept_seq;
        unsent = kept_unsent;
        kept_seq = 0;
        kept_unsent = 0;
        printf("    Redis loses its tail: %d, unsent from %d\n", seq, unsent) }
    od
}

/* Promise: in the end each has counted. */
active proctype rest() {
    timeout ->
    d_step {
        assert((!t[owner].on && claims == CLAIMS) || (blocks == BLOCKS && taken[1] == 1 && taken[2] == 1 && taken[3] == 1))
    }
}

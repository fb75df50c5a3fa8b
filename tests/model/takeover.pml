/* Take-over, commit and projection of one partition of one log, as common/stage does them: README.md.
 *
 * Two instances, three inputs (the first and the third are of member 0, the second of member 1), a log in
 * Kafka, a Redis, and faults. Every d_step is what the code does between two polls. Promises are asserted
 * where the world changes: `append` (the log) and `redis_changed` (Redis), and at rest.
 *
 * Each `#ifdef WITHOUT_...` takes one rule away; spin must find that wrong (test_model.py).
 */
#ifndef CLAIMS
#define CLAIMS 3 /* at most, of both instances */
#endif
#ifndef FAULTS
#define FAULTS 3 /* at most, of all kinds */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of each instance */
#endif
#ifndef LOSSES
#define LOSSES 1 /* of Redis' tail */
#endif
#ifndef BREAKS
#define BREAKS 1 /* of connections to Redis: calls of before may still be carried out later */
#endif
#ifndef FAILURES
#define FAILURES 1 /* reports that say failed: the message is written now, later, or never */
#endif
#ifndef REPEATS
#define REPEATS 1 /* messages that are written once more than they are reported */
#endif

/* Every second tenure has a cache of nothing, and every second one projects member 0 first. */
#ifndef PARITY
#define PARITY 0
#endif
#define SMALL_CACHE(o) ((t[o].claim + PARITY & 1) == 1)
#define MEMBER0_FIRST(o) ((t[o].claim + PARITY & 1) == 1)

/* Claims while somebody else owns the partition. */
#ifndef DUELS
#define DUELS CLAIMS
#endif

#define INPUTS 3
#define LENGTH 12 /* of the log: more than can be written */
#define BEFORE(m, x) (((x) + 1 - (m)) / 2) /* inputs of member m before input x */
#define RECORDS(m, x, y) (BEFORE(m, y) - BEFORE(m, x))

/* --- The log --- */

typedef Message {
    unsigned claim : 3;
    unsigned seq : 3; /* 0: a CLAIM */
    unsigned from : 2, to : 2; /* inputs of a block; `to` is the position that it records */
    unsigned base0 : 2, base1 : 2; /* entries of the members before it, as its owner decided on */
    bit counts /* the judge's */
};
Message log[LENGTH];
unsigned length : 4;

/* The reader rule (common/stage/reader.c). */
#ifdef WITHOUT_CLAIM_FENCE
#define COUNTS(now, last, m) (m.seq == last + 1)
#define CORRUPT(now, last, m) false
#else
#ifdef WITHOUT_SEQ_CHECK
#define COUNTS(now, last, m) (m.claim == now)
#define CORRUPT(now, last, m) false
#else
#define COUNTS(now, last, m) (m.claim == now && m.seq == last + 1)
#define CORRUPT(now, last, m) (m.claim == now && m.seq > last + 1)
#endif
#endif

unsigned claims : 3; /* ever */
unsigned judge_claim : 3;
unsigned judge_seq : 3;
unsigned judge_to : 2; /* inputs that count */
unsigned judge_last : 4; /* place of the last block that counts: its offset + 1 */

#define COPY(m, n) m.claim = n.claim; m.seq = n.seq; m.from = n.from; m.to = n.to; m.base0 = n.base0; m.base1 = n.base1

/* --- Redis: a watermark, two members --- */

/* A watermark is a place (offset + 1 of a block; 0: none) and an opening (0: none). What else it holds is
 * the same for the same place. */
typedef Redis {
    unsigned place : 4;
    unsigned opening : 7;
    unsigned entries0 : 2, entries1 : 2 /* the members' states: how many of their records they hold */
};
Redis redis;
Redis kept; /* what Redis goes back to when it loses its tail */
bit keeps;  /* … was chosen */
unsigned answered : 2; /* inputs of which somebody has been told */

/* --- Tenures --- */

#define NONE 0 /* phases */
#define CLAIMING 1
#define LOCATING 2
#define FOLDING 3
#define RUNNING 4
#define IDLE 0 /* of the projector */
#define SENDING 1
#define AWAY 2
#define ASKING 3
#define LOCATE 0 /* requests */
#define ASK 1
#define LOAD 2
#define CALL 3

typedef Tenure {
    unsigned phase : 3;
    unsigned projector : 2;
    unsigned claim : 3;
    unsigned claim_offset : 4;
    bit appending;       /* the CLAIM or the block is on its way to Kafka */
    unsigned reader_claim : 3, reader_seq : 3, reader_place : 4, reader_next : 4;
    unsigned position : 2;
    bit cached0, cached1, dirty0, dirty1, projecting0, projecting1;
    unsigned entries0 : 2, entries1 : 2;
    unsigned batch : 2;
    bit decided;          /* the batch is a block that has no report yet */
    bit folding;          /* the block at reader_place waits for its members */
    unsigned load : 2;    /* 0 idle, 1 asked, 2 Redis was away */
    bit load0, load1;     /* members to load */
    unsigned expected_place : 4, expected_opening : 7;
    unsigned next_place : 4, next_opening : 7;
    unsigned first_opening : 4, openings : 4; /* of the projection in flight (0: it has one call); ever */
    unsigned calls : 2                         /* without an answer */
};
Tenure t[2];

/* Requests to Redis, each packed into a number: kind, claim of the tenure; of a CALL also member (0: none),
 * its entries, the watermark expected and the next one, each a place and an opening. */
#define REQUEST(kind, claim) ((kind) | (claim) << 2)
#define CALLING(claim, member, entries, place, opening, next_place, next_opening) \
    (CALL | (claim) << 2 | (member) << 5 | (entries) << 7 | (place) << 9 | (opening) << 13 | (next_place) << 20 | \
     (next_opening) << 24)
#define KIND(r) ((r) & 3)
#define CLAIM_OF(r) ((r) >> 2 & 7)
#define MEMBER(r) ((r) >> 5 & 3)
#define ENTRIES(r) ((r) >> 7 & 3)
#define WANT_PLACE(r) ((r) >> 9 & 15)
#define WANT_OPENING(r) ((r) >> 13 & 127)
#define NEXT_PLACE(r) ((r) >> 20 & 15)
#define NEXT_OPENING(r) ((r) >> 24 & 127)
chan requests[2] = [4] of { int };
chan late_requests = [4] of { int }; /* of broken connections and dead instances */
Message late_message; /* claim 0: none */

unsigned faults : 3, duels : 3;
bit crashed[2];
unsigned losses : 2, breaks : 2, failures : 2, repeats : 2;

#ifdef WITHOUT_RECORDED_POSITION
byte hint; /* what the group remembers */
#endif
hidden byte i, k0, k1, place, opening, e0, e1;
hidden int request;
hidden byte ok, fine;
hidden Message m;

/* --- What the world does --- */

inline append() { /* the message `m` */
    assert(length < LENGTH);
    COPY(log[length], m);
    length++;
    if
    :: m.seq == 0 -> judge_claim = m.claim
    :: m.seq != 0 && COUNTS(judge_claim, judge_seq, m) ->
        /* Promise: every input counts exactly once, in order. */
        assert(m.from == judge_to);
        /* Promise: nothing that counts was decided on a state that Redis lost. */
        assert(RECORDS(0, m.from, m.to) == 0 || m.base0 == BEFORE(0, m.from));
        assert(RECORDS(1, m.from, m.to) == 0 || m.base1 == BEFORE(1, m.from));
        log[length - 1].counts = 1;
        judge_seq = m.seq;
        judge_to = m.to;
        judge_last = length
    :: else -> assert(m.seq == 0 || !CORRUPT(judge_claim, judge_seq, m))
    fi
}

#define TO(p) ((p) == 0 -> 0 : log[(p) - 1].to)

/* Promise: Redis is a prefix of the log, the fold of it up to the watermark; members may be ahead of it, but of
 * nothing that is not durable. */
inline redis_changed() {
    assert(redis.place == 0 || log[redis.place - 1].counts);
    assert(redis.entries0 >= BEFORE(0, TO(redis.place)) && redis.entries0 <= BEFORE(0, judge_to));
    assert(redis.entries1 >= BEFORE(1, TO(redis.place)) && redis.entries1 <= BEFORE(1, judge_to))
}

inline tell(upto) {
    if
    :: upto > answered -> answered = upto
    :: else
    fi;
    /* Promise: nothing is answered before it is durable. */
    assert(answered <= judge_to)
}

/* A request in the variables above; answers `ok`, `place`, `opening`, `e0`, `e1`. */
inline carry_out() {
    ok = 1;
    place = redis.place;
    opening = redis.opening;
    e0 = redis.entries0;
    e1 = redis.entries1;
    if
    :: KIND(request) == CALL ->
#ifndef WITHOUT_CONDITION
        ok = (place == WANT_PLACE(request) && opening == WANT_OPENING(request));
#endif
        if
        :: ok ->
            if
            :: MEMBER(request) == 1 -> redis.entries0 = ENTRIES(request)
            :: MEMBER(request) == 2 -> redis.entries1 = ENTRIES(request)
            :: else
            fi;
            redis.place = NEXT_PLACE(request);
            redis.opening = NEXT_OPENING(request);
            redis_changed();
            if
            :: NEXT_PLACE(request) != WANT_PLACE(request) -> tell(log[redis.place - 1].to)
            :: else
            fi
        :: else
        fi
    :: else
    fi
}

/* --- What an instance does --- */

inline put_message(o) { /* what it appends → `m` */
    m.claim = t[o].claim;
    m.seq = 0;
    m.from = 0;
    m.to = 0;
    m.base0 = 0;
    m.base1 = 0;
    if
    :: t[o].decided ->
        m.seq = t[o].reader_seq + 1;
        m.from = t[o].position;
        m.to = t[o].position + t[o].batch;
        k0 = RECORDS(0, m.from, m.to);
        k1 = RECORDS(1, m.from, m.to);
        m.base0 = (k0 > 0 -> t[o].entries0 - k0 : 0);
        m.base1 = (k1 > 0 -> t[o].entries1 - k1 : 0)
    :: else
    fi
}

inline give_append_away(o) {
    if
    :: t[o].appending && late_message.claim == 0 -> put_message(o); COPY(late_message, m)
    :: else
    fi
}

inline forget(o) {
    t[o].phase = NONE; t[o].projector = IDLE; t[o].claim = 0; t[o].claim_offset = 0; t[o].appending = 0;
    t[o].reader_claim = 0; t[o].reader_seq = 0; t[o].reader_place = 0; t[o].reader_next = 0;
    t[o].position = 0; t[o].cached0 = 0; t[o].cached1 = 0; t[o].dirty0 = 0; t[o].dirty1 = 0;
    t[o].projecting0 = 0; t[o].projecting1 = 0; t[o].entries0 = 0; t[o].entries1 = 0; t[o].batch = 0;
    t[o].decided = 0; t[o].folding = 0; t[o].load = 0; t[o].load0 = 0; t[o].load1 = 0;
    t[o].expected_place = 0; t[o].expected_opening = 0; t[o].next_place = 0; t[o].next_opening = 0;
    t[o].first_opening = 0;    t[o].openings = 0; t[o].calls = 0
}

/* tenure_finish: memory goes; what is on its way to Kafka and Redis goes on. */
inline finish(o) {
    give_append_away(o);
    forget(o)
}

inline connection_lost(o) {
    do
    :: len(requests[o]) > 0 ->
        requests[o]?request;
        if
        :: KIND(request) == CALL && fine -> late_requests!request
        :: else
        fi
    :: else -> break
    od;
    skip
}

/* What waited for an answer is answered as away. */
inline away(o) {
    if
    :: t[o].phase == LOCATING -> requests[o]!REQUEST(LOCATE, t[o].claim)
    :: else
    fi;
    if
    :: t[o].load == 1 -> t[o].load = 2
    :: else
    fi;
    if
    :: t[o].projector != IDLE -> t[o].projector = AWAY; t[o].calls = 0
    :: else
    fi
}

#define OPENING(o, n) (t[o].claim * 16 + (n))
#define IS_OPENING(o) (t[o].first_opening != 0 && place == t[o].expected_place && \
                       opening >= OPENING(o, t[o].first_opening) && opening <= OPENING(o, t[o].openings))

/* watermark_good of what was found: `place`, `opening` → `fine` */
inline look_at_watermark(o) {
    fine = (place == t[o].expected_place && opening == t[o].expected_opening) ||
           (t[o].projector != IDLE && ((place == t[o].next_place && opening == t[o].next_opening) || IS_OPENING(o)))
}

inline ask_for_members(o) {
    t[o].load = 1;
    requests[o]!REQUEST(LOAD, t[o].claim)
}

/* Members of inputs x … y - 1 that are not in memory are asked for. With a small cache, what may go has gone before. */
#ifdef WITHOUT_DIRTY_PIN
#define PINNED0(o) t[o].projecting0
#define PINNED1(o) t[o].projecting1
#else
#ifdef WITHOUT_PROJECTING_PIN
#define PINNED0(o) t[o].dirty0
#define PINNED1(o) t[o].dirty1
#else
#define PINNED0(o) (t[o].dirty0 || t[o].projecting0)
#define PINNED1(o) (t[o].dirty1 || t[o].projecting1)
#endif
#endif
inline want(o, x, y) {
    if
    :: SMALL_CACHE(o) && t[o].cached0 && !PINNED0(o) -> t[o].cached0 = 0; t[o].entries0 = 0; t[o].dirty0 = 0
    :: else
    fi;
    if
    :: SMALL_CACHE(o) && t[o].cached1 && !PINNED1(o) -> t[o].cached1 = 0; t[o].entries1 = 0; t[o].dirty1 = 0
    :: else
    fi;
    t[o].load0 = RECORDS(0, x, y) > 0 && !t[o].cached0;
    t[o].load1 = RECORDS(1, x, y) > 0 && !t[o].cached1;
    if
    :: t[o].load0 || t[o].load1 -> ask_for_members(o)
    :: else
    fi
}

/* fold_block: entries that the state has already change nothing. */
inline fold_block(o) {
    i = t[o].reader_place - 1;
    k0 = RECORDS(0, log[i].from, log[i].to);
    k1 = RECORDS(1, log[i].from, log[i].to);
    t[o].folding = 0;
#ifdef WITHOUT_ENTRY_NUMBERS
    t[o].entries0 = t[o].entries0 + k0;
    t[o].entries1 = t[o].entries1 + k1;
    t[o].dirty0 = t[o].dirty0 || k0 > 0;
    t[o].dirty1 = t[o].dirty1 || k1 > 0
#else
    if
    :: k0 > 0 && log[i].base0 + k0 > t[o].entries0 ->
        assert(log[i].base0 <= t[o].entries0); /* else: the log contradicts the state in Redis */
        t[o].entries0 = log[i].base0 + k0;
        t[o].dirty0 = 1
    :: else
    fi;
    if
    :: k1 > 0 && log[i].base1 + k1 > t[o].entries1 ->
        assert(log[i].base1 <= t[o].entries1);
        t[o].entries1 = log[i].base1 + k1;
        t[o].dirty1 = 1
    :: else
    fi
#endif
}

/* Reads on, up to the next block that Redis does not have, or to one's own CLAIM. */
inline fold_on(o) {
    do
    :: t[o].reader_next > t[o].claim_offset ->
        assert(t[o].reader_claim == t[o].claim); /* else: the log does not hold the claim … */
        t[o].phase = RUNNING;
        break
    :: else ->
        i = t[o].reader_next;
        t[o].reader_next++;
        if
        :: log[i].seq == 0 -> t[o].reader_claim = log[i].claim
        :: log[i].seq != 0 && COUNTS(t[o].reader_claim, t[o].reader_seq, log[i]) ->
            t[o].reader_seq = log[i].seq;
            t[o].reader_place = i + 1;
#ifndef WITHOUT_RECORDED_POSITION
            t[o].position = log[i].to;
#endif
#ifndef WITHOUT_FOLD
            if
            :: i + 1 != t[o].expected_place ->
                want(o, log[i].from, log[i].to);
                if
                :: t[o].load != 0 -> t[o].folding = 1
                :: else -> fold_block(o)
                fi;
                break
            :: else
            fi
#endif
        :: else -> assert(log[i].seq == 0 || !CORRUPT(t[o].reader_claim, t[o].reader_seq, log[i]))
        fi
    od;
    skip
}

inline locate(o) {
    if
#ifndef WITHOUT_LATER_CLAIM_NOTICED
    :: place != 0 && place - 1 >= t[o].claim_offset -> finish(o) /* somebody claimed later */
#endif
    :: else ->
        if
        :: place != 0 ->
            t[o].reader_claim = log[place - 1].claim;
            t[o].reader_seq = log[place - 1].seq - 1;
            t[o].reader_next = place - 1
        :: else
        fi;
        t[o].expected_place = place;
        t[o].expected_opening = opening;
        t[o].phase = FOLDING;
#ifdef WITHOUT_RECORDED_POSITION
        t[o].position = hint;
#endif
        fold_on(o)
    fi
}

inline decide(o) {
    k0 = RECORDS(0, t[o].position, t[o].position + t[o].batch);
    k1 = RECORDS(1, t[o].position, t[o].position + t[o].batch);
    t[o].entries0 = t[o].entries0 + k0;
    t[o].entries1 = t[o].entries1 + k1;
    t[o].dirty0 = t[o].dirty0 || k0 > 0;
    t[o].dirty1 = t[o].dirty1 || k1 > 0;
    t[o].decided = 1;
    t[o].appending = 1
#ifdef ANSWERS_BEFORE_REPORT
    ;
    tell(t[o].position + t[o].batch)
#endif
}

inline durable(o) {
    t[o].position = t[o].position + t[o].batch;
#ifdef WITHOUT_RECORDED_POSITION
    hint = t[o].position;
#endif
    t[o].batch = 0;
    t[o].decided = 0
}

/* commit_delivered, and the hole behind it read to its end. */
inline block_reported(o) {
    i = length - 1;
    t[o].appending = 0;
    assert(i >= t[o].reader_next);
#ifdef WITHOUT_HOLE_READ
    t[o].reader_next = i;
#endif
    if
    :: i == t[o].reader_next ->
        t[o].reader_seq++;
        t[o].reader_place = i + 1;
        t[o].reader_next++;
        durable(o)
    :: else ->
        do
        :: true ->
            k0 = t[o].reader_next;
            t[o].reader_next++;
            if
            :: log[k0].seq == 0 -> finish(o); break /* fenced */
            :: log[k0].seq != 0 && COUNTS(t[o].reader_claim, t[o].reader_seq, log[k0]) ->
                t[o].reader_seq = log[k0].seq;
                t[o].reader_place = k0 + 1;
                durable(o);
                break
            :: else ->
                if
                :: k0 == i -> finish(o); break /* the block in the log does not count */
                :: else
                fi
            fi
        od;
        skip
    fi
}

#ifdef WITHOUT_CLAIM_AGAIN
inline failed_is_not_written(o) {
    if
    :: !t[o].decided -> finish(o)
    :: else ->
        give_append_away(o);
        t[o].entries0 = t[o].entries0 - RECORDS(0, t[o].position, t[o].position + t[o].batch);
        t[o].entries1 = t[o].entries1 - RECORDS(1, t[o].position, t[o].position + t[o].batch);
        t[o].appending = 0;
        t[o].decided = 0;
        t[o].batch = 0
    fi
}
#endif

inline reported(o) {
    if
    :: t[o].decided -> block_reported(o)
    :: else ->
        t[o].appending = 0;
        t[o].claim_offset = length - 1;
        t[o].phase = LOCATING;
        requests[o]!REQUEST(LOCATE, t[o].claim)
    fi
}

/* Members that have changed, each in a call of its own; the last call moves the watermark. */
inline project(o) {
    t[o].next_place = t[o].reader_place;
    t[o].next_opening = 0;
    t[o].first_opening = 0;
    k0 = t[o].dirty0;
    k1 = t[o].dirty1;
#ifndef WITHOUT_UNIQUE_WATERMARKS
    t[o].openings++;
    t[o].next_opening = OPENING(o, t[o].openings);
#endif
    if
    :: k0 && k1 ->
        e0 = (MEMBER0_FIRST(o) -> t[o].entries0 : t[o].entries1);
        e1 = (MEMBER0_FIRST(o) -> t[o].entries1 : t[o].entries0);
        t[o].openings++;
        t[o].first_opening = t[o].openings;
#ifdef WITHOUT_OPENINGS
        opening = t[o].expected_opening;
#else
        opening = OPENING(o, t[o].openings);
#endif
        requests[o]!CALLING(t[o].claim, (MEMBER0_FIRST(o) -> 1 : 2), e0, t[o].expected_place, t[o].expected_opening, t[o].expected_place, opening);
        requests[o]!CALLING(t[o].claim, (MEMBER0_FIRST(o) -> 2 : 1), e1, t[o].expected_place, opening, t[o].next_place, t[o].next_opening);
        t[o].calls = 2
    :: else ->
        k1 = (k0 -> 1 : (k1 -> 2 : 0));
        e0 = (k1 == 1 -> t[o].entries0 : (k1 == 2 -> t[o].entries1 : 0));
        requests[o]!CALLING(t[o].claim, k1, e0, t[o].expected_place, t[o].expected_opening, t[o].next_place, t[o].next_opening);
        t[o].calls = 1
    fi;
    assert(t[o].openings < 15); /* the model's bound */
    t[o].projecting0 = t[o].dirty0;
    t[o].projecting1 = t[o].dirty1;
    t[o].dirty0 = 0;
    t[o].dirty1 = 0;
    t[o].projector = SENDING
}

inline projected(o) {
    t[o].projecting0 = 0;
    t[o].projecting1 = 0;
    t[o].expected_place = t[o].next_place;
    t[o].expected_opening = t[o].next_opening;
    t[o].next_place = 0;
    t[o].next_opening = 0;
    t[o].first_opening = 0;
    t[o].projector = IDLE
}

inline undo(o) {
    t[o].dirty0 = t[o].dirty0 || t[o].projecting0;
    t[o].dirty1 = t[o].dirty1 || t[o].projecting1;
    t[o].projecting0 = 0;
    t[o].projecting1 = 0;
    t[o].next_place = 0;
    t[o].next_opening = 0;
    t[o].first_opening = 0;
    t[o].projector = IDLE
}

inline asked(o) {
    look_at_watermark(o);
    if
    :: !fine -> finish(o)
    :: fine && place == t[o].next_place && opening == t[o].next_opening -> projected(o)
    :: else ->
        t[o].expected_opening = opening;
        undo(o)
    fi
}

inline loaded(o) {
    look_at_watermark(o);
#ifdef WITHOUT_WATERMARK_READ
    fine = 1;
#endif
    if
    :: !fine -> finish(o)
    :: else ->
        if
        :: t[o].load0 -> t[o].cached0 = 1; t[o].entries0 = e0
        :: else
        fi;
        if
        :: t[o].load1 -> t[o].cached1 = 1; t[o].entries1 = e1
        :: else
        fi;
        t[o].load = 0;
        t[o].load0 = 0;
        t[o].load1 = 0;
        if
        :: t[o].folding -> fold_block(o)
        :: else
        fi
    fi
}

inline called(o) {
    t[o].calls--;
    if
    :: !ok -> finish(o)
    :: ok && t[o].calls == 0 && t[o].projector == SENDING -> projected(o)
    :: else
    fi
}

#ifdef PROJECTS_BEFORE_REPORT
#define CONSISTENT(o) (!t[o].folding && t[o].load == 0 && t[o].reader_place > t[o].expected_place)
#else
#define CONSISTENT(o) (!t[o].folding && !t[o].decided && t[o].load == 0 && t[o].reader_place > t[o].expected_place)
#endif
#define MAY_PROJECT(o) ((t[o].phase == FOLDING || t[o].phase == RUNNING) && t[o].projector == IDLE && CONSISTENT(o))
#define MAY_TAKE(o, n) (t[o].phase == RUNNING && t[o].batch == 0 && t[o].position + n <= INPUTS)

inline take(o, n) {
    t[o].batch = n;
    want(o, t[o].position, t[o].position + n);
    if
    :: t[o].load == 0 -> decide(o)
    :: else
    fi
}

active [2] proctype instance() {
end:
    do
    :: d_step { t[_pid].phase == NONE && claims < CLAIMS && (claims > 0 || _pid == 0) &&
            (t[1 - _pid].phase == NONE || duels < DUELS) ->
        claims++;
        if
        :: t[1 - _pid].phase != NONE && DUELS < CLAIMS -> duels++
        :: else
        fi;
#ifdef WITHOUT_NEW_CLAIM
        t[_pid].claim = _pid + 1;
#else
        t[_pid].claim = claims;
#endif
        t[_pid].appending = 1;
        t[_pid].phase = CLAIMING;
        printf("%d claims: claim %d\n", _pid, claims) }
    :: d_step { t[_pid].phase == FOLDING && !t[_pid].folding ->
        printf("%d folds\n", _pid);
        fold_on(_pid) }
    :: d_step { MAY_TAKE(_pid, 1) -> printf("%d takes 1 from %d\n", _pid, t[_pid].position); take(_pid, 1) }
    :: d_step { MAY_TAKE(_pid, 2) -> printf("%d takes 2 from %d\n", _pid, t[_pid].position); take(_pid, 2) }
    :: d_step { t[_pid].batch > 0 && !t[_pid].decided && t[_pid].load == 0 ->
        decide(_pid); printf("%d decides\n", _pid) }
    :: d_step { MAY_PROJECT(_pid) -> printf("%d projects\n", _pid); project(_pid) }
    :: d_step { t[_pid].projector == AWAY && t[_pid].calls == 0 ->
        t[_pid].projector = ASKING;
        requests[_pid]!REQUEST(ASK, t[_pid].claim);
        printf("%d asks for the watermark\n", _pid) }
    :: d_step { t[_pid].load == 2 -> ask_for_members(_pid); printf("%d asks for members again\n", _pid) }
#ifndef WITHOUT_IDLE_LOOK
    /* Once a second. One that finds what it expects changes nothing. */
    :: d_step { t[_pid].phase == RUNNING && t[_pid].projector == IDLE && t[_pid].load == 0 &&
            (redis.place != t[_pid].expected_place || redis.opening != t[_pid].expected_opening) ->
        printf("%d sees another watermark\n", _pid);
        finish(_pid) }
#endif
    od
}

#define FAULT (faults < FAULTS)

active [2] proctype broker_and_faults() { /* of instance _pid - 2 */
end:
    do
    :: d_step { t[_pid - 2].appending ->
        put_message(_pid - 2);
        append();
        reported(_pid - 2);
        printf("    written at %d: claim %d seq %d inputs %d..%d\n", length - 1, m.claim, m.seq, m.from, m.to) }
    :: d_step { t[_pid - 2].appending && repeats < REPEATS && FAULT ->
        faults++;
        repeats++;
        put_message(_pid - 2);
        append();
        printf("    written, not acknowledged, at %d: claim %d seq %d\n", length - 1, m.claim, m.seq) }
    :: d_step { t[_pid - 2].appending && failures < FAILURES && FAULT ->
        faults++;
        failures++;
        printf("    %d hears: failed\n", _pid - 2);
#ifdef WITHOUT_CLAIM_AGAIN
        failed_is_not_written(_pid - 2);
#else
        finish(_pid - 2)
#endif
        }
    :: d_step { len(requests[_pid - 2]) > 0 ->
        requests[_pid - 2]?request;
        carry_out();
        printf("    Redis: request of %d, watermark now %d/%d\n", _pid - 2, redis.place, redis.opening);
        if
        :: CLAIM_OF(request) != t[_pid - 2].claim
        :: CLAIM_OF(request) == t[_pid - 2].claim && KIND(request) == LOCATE -> locate(_pid - 2)
        :: CLAIM_OF(request) == t[_pid - 2].claim && KIND(request) == ASK -> asked(_pid - 2)
        :: CLAIM_OF(request) == t[_pid - 2].claim && KIND(request) == LOAD -> loaded(_pid - 2)
        :: CLAIM_OF(request) == t[_pid - 2].claim && KIND(request) == CALL -> called(_pid - 2)
        fi }
    :: d_step { breaks < BREAKS && FAULT && len(requests[_pid - 2]) > 0 ->
        faults++;
        breaks++;
        printf("    connection of %d breaks\n", _pid - 2);
        fine = (len(late_requests) == 0);
        connection_lost(_pid - 2);
        away(_pid - 2) }
    :: d_step { t[_pid - 2].phase != NONE && !crashed[_pid - 2] && CRASHES > 0 && FAULT ->
        faults++;
        crashed[_pid - 2] = 1;
        printf("    %d crashes\n", _pid - 2);
        finish(_pid - 2);
        fine = (len(late_requests) == 0);
        connection_lost(_pid - 2) }
    od
}

active proctype late_and_lost() {
end:
    do
    :: d_step { late_message.claim != 0 ->
        COPY(m, late_message);
        m.counts = 0;
        late_message.claim = 0; late_message.seq = 0; late_message.from = 0; late_message.to = 0;
        late_message.base0 = 0; late_message.base1 = 0;
        append();
        printf("    written late at %d: claim %d seq %d\n", length - 1, m.claim, m.seq) }
    :: d_step { late_message.claim != 0 ->
        late_message.claim = 0; late_message.seq = 0; late_message.from = 0; late_message.to = 0;
        late_message.base0 = 0; late_message.base1 = 0;
        printf("    a late message is never written\n") }
    :: d_step { len(late_requests) > 0 ->
        late_requests?request;
        carry_out();
        printf("    Redis: a late call, watermark now %d/%d\n", redis.place, redis.opening) }
    :: d_step { len(late_requests) > 0 ->
        do
        :: len(late_requests) > 0 -> late_requests?request
        :: else -> break
        od;
        printf("    late calls are never carried out\n") }
    :: d_step { LOSSES > 0 && losses < LOSSES && FAULT && !keeps && (redis.place != 0 || redis.opening != 0) ->
        keeps = 1;
        kept.place = redis.place; kept.opening = redis.opening;
        kept.entries0 = redis.entries0; kept.entries1 = redis.entries1 }
    :: d_step { losses < LOSSES && FAULT &&
            (redis.place != kept.place || redis.opening != kept.opening || redis.entries0 != kept.entries0 ||
             redis.entries1 != kept.entries1) ->
        faults++;
        losses++;
        redis.place = kept.place; redis.opening = kept.opening;
        redis.entries0 = kept.entries0; redis.entries1 = kept.entries1;
        kept.place = 0; kept.opening = 0; kept.entries0 = 0; kept.entries1 = 0;
        keeps = 0;
        fine = 0;
        connection_lost(0);
        connection_lost(1);
        away(0);
        away(1);
        do
        :: len(late_requests) > 0 -> late_requests?request
        :: else -> break
        od;
        printf("    Redis loses its tail: watermark now %d/%d\n", redis.place, redis.opening) }
    od
}

/* Promise: when no more faults come, everything is taken and projected, as long as somebody may claim. */
active proctype rest() {
    timeout ->
    d_step {
        assert((t[0].phase == NONE && t[1].phase == NONE && claims == CLAIMS) ||
               (judge_to == INPUTS && redis.place == judge_last &&
                redis.entries0 == BEFORE(0, INPUTS) && redis.entries1 == BEFORE(1, INPUTS)))
    }
}

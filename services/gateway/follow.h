// Reads a topic of one partition whole, and goes on reading: part of the engine, on its thread.
#pragma once

#include "common/io/bus.h"

struct follow_options {
    const char *topic; // NULL: nothing is read
    void (*take)(void *context, struct hy_bytes key, struct hy_bytes value);
    void *context;
};

struct follow {
    struct follow_options options;
    struct hy_bus *bus;
    uint32_t topic;
    bool reading;
    bool whole; // everything that stood there when the reading began was read
    int64_t next_offset;
    int64_t wanted; // the end of the topic when the reading began
};

void follow_open(struct follow *follow, struct hy_bus *bus, const struct follow_options *options);
// Begins to read as soon as Kafka is there.
void follow_step(struct follow *follow);
// Takes the message if it is of this topic.
void follow_take(struct follow *follow, const struct hy_message *message);
// The place where the reading of this topic stood is gone: begins anew.
void follow_again(struct follow *follow, uint32_t topic);

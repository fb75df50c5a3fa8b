// Purchases on their way to Kafka, and up to where all of them have arrived.
#pragma once

#include "cli/import_place.h"
#include "cli/kafka.h"

struct import_sender;

// NULL, with a line on stderr.
struct import_sender *import_sender_open(const struct cli *cli, uint32_t partitions);
void import_sender_close(struct import_sender *sender);
// Takes the message of a purchase; `after` is the place behind it. Waits while too much is on its way. False
// when a message could not be delivered.
bool import_sender_send(struct import_sender *sender, const char *member_id, struct hy_bytes message,
                        const struct import_place *after);
// Nothing was to be sent there.
bool import_sender_skip(struct import_sender *sender, const struct import_place *after);
// Takes acknowledgements in.
void import_sender_poll(struct import_sender *sender);
// Waits for all acknowledgements. False when a message could not be delivered.
bool import_sender_finish(struct import_sender *sender);
// Everything before *ret_place is settled. False: nothing yet. *ret_partition and *ret_offset: of the last
// message acknowledged; offset -1: none.
bool import_sender_settled(const struct import_sender *sender, struct import_place *ret_place,
                           uint32_t *ret_partition, int64_t *ret_offset);

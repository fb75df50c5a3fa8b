// What the services read alike of every command that is for them; what it says inside is each one's own.
// Pure.
#pragma once

#include "common/stage/brain.h"
#include "proto/commands.pb-c.h"

bool hy_command_is_id(const char *text);
struct hy_error hy_command_check_id(const char *text, const char *field);
// Decodes it into the arena, and notes who asks and by which id. *ret_command is set when there is no error.
struct hy_error hy_command_decode(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input,
                                  const Huiyuan__V1__Command **ret_command);
// The rest of the input, when everything is right: its class, hash, time and message.
void hy_command_fill(const Huiyuan__V1__Command *command, uint64_t content_hash, struct hy_input *ret_input);

#include "common/stage/command.h"

#include <string.h>

#include "common/base/message.h"
#include "common/contract/limits.h"

bool hy_command_is_id(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length <= HY_ID_LIMIT_BYTES && hy_text_has_form(HY_FORM_ID, text, length);
}

struct hy_error hy_command_check_id(const char *text, const char *field) {
    if (text[0] == '\0') return (struct hy_error){HY_MISSING_FIELD, field, NULL};
    if (hy_command_is_id(text)) return HY_NO_ERROR;
    return (struct hy_error){HY_INVALID_FIELD, field,
                             "1 … 64 letters, digits and -_.:@+=~ / 应为 1 … 64 个字母、数字或符号"};
}

struct hy_error hy_command_decode(struct hy_bytes message, struct hy_arena *arena, struct hy_input *ret_input,
                                  const Huiyuan__V1__Command **ret_command) {
    const Huiyuan__V1__Command *command =
        huiyuan__v1__command__unpack(&arena->protobuf, message.length, message.data);
    if (command == NULL || !hy_message_is_sound(&command->base)) // parts of it become parts of records
        return (struct hy_error){HY_MALFORMED, NULL, "a Command of huiyuan.v1 / 应为 huiyuan.v1 的 Command"};
    ret_input->command_id = command->command_id;
    ret_input->reply_to = command->reply_to;
    struct hy_error error = hy_command_check_id(command->command_id, "command_id");
    if (error.code != HY_OK) return error;
    ret_input->id = command->command_id;
    *ret_command = command;
    return HY_NO_ERROR;
}

void hy_command_fill(const Huiyuan__V1__Command *command, uint64_t content_hash, struct hy_input *ret_input) {
    // An emission counts once by its number, for ever, however late it comes.
    ret_input->input_class = command->origin != NULL ? HY_SINGLE_CLASS : 0;
    ret_input->content_hash = content_hash;
    ret_input->event_time_ms = command->issued_at_ms;
    ret_input->time_field = "issued_at_ms";
    ret_input->message = command;
}

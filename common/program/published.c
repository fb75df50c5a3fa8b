#include "common/program/published.h"

#include "proto/program.pb-c.h"

bool hy_programs_take(struct hy_programs *programs, struct hy_bytes message, hy_zone_loader load_zone) {
    Huiyuan__V1__ProgramVersion *published =
        huiyuan__v1__program_version__unpack(NULL, message.length, message.data);
    if (published == NULL) return false;
    if (published->kind != HUIYUAN__V1__DOCUMENT_KIND__PROGRAM) {
        huiyuan__v1__program_version__free_unpacked(published, NULL);
        return true;
    }
    struct hy_program_faults faults;
    struct hy_program *program =
        hy_program_parse(hy_bytes(published->yaml.data, published->yaml.len), load_zone, &faults);
    bool good = program != NULL && program->version == published->version;
    huiyuan__v1__program_version__free_unpacked(published, NULL);
    if (good)
        hy_programs_add(programs, program);
    else if (program != NULL)
        hy_program_free(program);
    return good;
}

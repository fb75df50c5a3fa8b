// Templates out of a folder.
#pragma once

#include "services/notification/template.h"

// Reads every *.txt of the folder. False, with a line in the log for each fault, when one is no good.
bool template_files_read(const char *folder, struct templates *ret_templates);

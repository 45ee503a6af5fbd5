/* The commands, one file each. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

extern const struct command init_command, migrate_command, doctor_command, token_command,
    room_command, user_command, version_command, backup_command, restore_command, verify_command,
    purge_command, render_command, setup_command, index_command;

#endif

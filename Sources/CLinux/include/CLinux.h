#pragma once
#include <spawn.h>

// What Swift's Glibc module does not carry.

/// A non-blocking eventfd, or -1 with errno.
int clinux_wake_make(void);
/// Makes the eventfd readable.
void clinux_wake_signal(int fd);
/// Makes the eventfd unreadable again.
void clinux_wake_drain(int fd);
/// Names the calling thread; at most 15 bytes.
void clinux_name_thread(const char *name);
/// Adds to `actions`: close every descriptor from 3 up, then change to `folder`. 0 or an error number.
int clinux_spawn_confine(posix_spawn_file_actions_t *actions, const char *folder);

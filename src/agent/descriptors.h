#pragma once

#include <cstdint>

#include "agent/abi.h"
#include "agent/calls.h"
#include "agent/inside.h"

// What the agent knows of the program's descriptors, and what it may do with them.

namespace ttrace::agent {

constexpr std::int64_t kFault = -14;  // EFAULT

inline Descriptor* descriptors() {
  return reinterpret_cast<Descriptor*>(std::uint64_t(kDescriptorsAddress));
}

/// What is known of a descriptor.
inline Descriptor kind_of(std::uint64_t descriptor) {
  return descriptor < kMostDescriptors ? descriptors()[descriptor] : Descriptor::unknown;
}

inline bool is_stream(Descriptor kind) {
  return kind == Descriptor::stream || kind == Descriptor::waiting;
}

inline bool may_use(Needs needs, Descriptor kind) {
  switch (needs) {
    case Needs::nothing:
      return true;
    case Needs::file:
      return kind == Descriptor::regular || kind == Descriptor::null || kind == Descriptor::written;
    case Needs::directory:
      return kind == Descriptor::directory;
    case Needs::input:
      return may_use(Needs::file, kind) || is_stream(kind);
    case Needs::output:
      return kind == Descriptor::null || kind == Descriptor::written || is_stream(kind);
    case Needs::stream:
      return is_stream(kind);
    case Needs::known:
      return kind != Descriptor::unknown;
  }
  return false;
}

inline void note_descriptor(std::uint64_t descriptor, Descriptor kind) {
  if (descriptor < kMostDescriptors) descriptors()[descriptor] = kind;
}

/// A stream is asked each time: whoever shares it may have changed that.
inline bool waits(std::uint64_t stream) {
  constexpr std::uint64_t kFcntl = 72;
  constexpr std::uint64_t kGetFlags = 3;        // F_GETFL
  constexpr std::int64_t kDoesNotWait = 04000;  // O_NONBLOCK
  const std::uint64_t args[6] = {stream, kGetFlags};
  const std::int64_t flags = system_call(kFcntl, args);
  return flags < 0 || (flags & kDoesNotWait) == 0;
}

/// Whether a call that transfers what a stream holds could wait for it.
inline bool may_wait(const Call& call, Descriptor kind, const std::uint64_t* args) {
  constexpr std::uint64_t kDoesNotWait = 0x40;  // MSG_DONTWAIT
  const bool is_message = call.special == Special::message;
  const bool transfers = is_message || call.needs == Needs::input || call.needs == Needs::output;
  if (!transfers || !is_stream(kind) || (is_message && (args[3] & kDoesNotWait))) return false;
  if (kind == Descriptor::stream && !waits(args[0])) return false;
  note_descriptor(args[0], Descriptor::waiting);
  return true;
}

/// What lies at a path, as far as the agent opens it: unknown for anything that could wait (a
/// FIFO) or that is no file. What is not there can be opened, too: that gives an error.
struct Found {
  Descriptor kind = Descriptor::unknown;
  bool may_open = false;
};

inline Found look_at(std::uint64_t directory, std::uint64_t path) {
  constexpr std::int64_t kNewfstatat = 262;
  constexpr unsigned kModeAt = 24;  // st_mode of struct stat
  constexpr unsigned kSizeAt = 48;  // st_size
  constexpr std::uint32_t kTypeMask = 0170000;
  constexpr std::uint32_t kRegular = 0100000;
  constexpr std::uint32_t kDirectory = 0040000;
  alignas(8) unsigned char stat[kStatSize];
  const std::uint64_t args[6] = {directory, path, std::uint64_t(stat), 0, 0, 0};
  const std::int64_t result = system_call(kNewfstatat, args);
  if (result == kFault) return {};
  if (result != 0) return {Descriptor::unknown, true};
  std::uint32_t mode;
  __builtin_memcpy(&mode, stat + kModeAt, sizeof mode);
  std::uint64_t size;
  __builtin_memcpy(&size, stat + kSizeAt, sizeof size);
  // One without a size may be made at the time of reading, as those of /proc are: not for the
  // agent.
  if ((mode & kTypeMask) == kRegular)
    return {size == 0 ? Descriptor::unknown : Descriptor::regular, true};
  if ((mode & kTypeMask) == kDirectory) return {Descriptor::directory, true};
  return {};
}

/// Only for reading, and without effects on what is there.
inline bool opens_plainly(std::uint64_t flags) {
  constexpr std::uint64_t kHarmless = 02000000    // O_CLOEXEC
                                      | 0200000   // O_DIRECTORY
                                      | 0400      // O_NOCTTY
                                      | 0100000   // O_LARGEFILE
                                      | 0400000;  // O_NOFOLLOW
  return (flags & ~kHarmless) == 0;
}

}  // namespace ttrace::agent

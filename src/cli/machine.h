#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ticks/counter_offer.h"

namespace ttrace {

/// What a directory that need not exist yet would take.
struct DirectoryAnswer {
  int error = 0;         ///< errno of creating a file there, 0 if that worked
  std::string existing;  ///< the directory itself, or the nearest one above it that exists
  std::uint64_t free_bytes = 0;
};

/// What gdb says about itself. No version: there is no gdb, or it does not run.
struct GdbAnswer {
  std::string version;
  bool python = false;
};

struct CpuFeatures {
  bool rdrand = false;
  bool rdseed = false;
};

/// What the machine says when it is asked the way a recording would ask. An interface so that a
/// test can be a machine that refuses things. The functions that return an int give 0 or the errno
/// of the refusal; they try in a child, which is gone when they return.
class Machine {
 public:
  virtual ~Machine() = default;

  /// Seizes a child, stops it, reads its registers and its memory.
  virtual int trace_child() const = 0;
  /// Installs a filter that hands a call to a tracer (SECCOMP_RET_TRACE).
  virtual int filter_calls() const = 0;
  /// Makes rdtsc fault (PR_SET_TSC), and looks whether it does.
  virtual int trap_time() const = 0;
  /// Switches address randomisation off.
  virtual int fix_addresses() const = 0;
  /// Makes cpuid fault (ARCH_SET_CPUID).
  virtual int trap_cpuid() const = 0;
  /// Counts ticks in hardware.
  virtual CounterOffer counters() const = 0;

  virtual CpuFeatures cpu() const = 0;
  virtual GdbAnswer gdb() const = 0;
  virtual DirectoryAnswer directory(const std::string& path) const = 0;
  /// The beginning of a small file; empty if it cannot be read.
  virtual std::optional<std::string> read(const std::string& path) const = 0;
};

/// The machine that this process runs on.
class LocalMachine : public Machine {
 public:
  int trace_child() const override;
  int filter_calls() const override;
  int trap_time() const override;
  int fix_addresses() const override;
  int trap_cpuid() const override;
  CounterOffer counters() const override;
  CpuFeatures cpu() const override;
  GdbAnswer gdb() const override;
  DirectoryAnswer directory(const std::string& path) const override;
  std::optional<std::string> read(const std::string& path) const override;
};

}  // namespace ttrace

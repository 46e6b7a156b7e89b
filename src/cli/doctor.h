#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/machine.h"
#include "cli/output.h"

namespace ttrace {

/// What one look at the machine gave.
struct Finding {
  enum State : std::uint8_t {
    ok,
    no,
    told,  ///< neither good nor bad
  };
  State state = ok;
  std::string found;
};

/// Where things would be kept.
struct DoctorPlaces {
  std::string cache;  ///< empty: nowhere
  std::string traces;
};

/// One thing that the doctor looks at.
struct DoctorRow {
  const char* name;
  bool required;  ///< without it nothing can be recorded
  Finding (*look)(const Machine&, const DoctorPlaces&);
  const char* if_no;         ///< what follows from a no, and the next step
  const char* in_container;  ///< the same inside a container; null: nothing else
};

std::span<const DoctorRow> doctor_rows();

struct Diagnosis {
  struct Line {
    const DoctorRow* row;
    Finding finding;
    std::string follows;  ///< empty unless the finding is a no
  };
  std::vector<Line> lines;
  /// Why recording cannot work, and the next step; empty if it can.
  std::string obstacle;
};

Diagnosis diagnose(const Machine& machine, const DoctorPlaces& places);

/// One line for each row.
std::string diagnosis_text(const Diagnosis& diagnosis);

/// ttrace doctor: 0 if recording can work; throws Error with the next step if not.
int examine_machine(const Context& context, const Machine& machine, const DoctorPlaces& places);

}  // namespace ttrace

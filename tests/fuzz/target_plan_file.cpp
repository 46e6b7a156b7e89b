#include <fstream>

#include "plan_file_form.h"
#include "rewrite/decode.h"
#include "rewrite/plan_file.h"
#include "scratch_directory.h"
#include "target.h"

// A plan of sites as the recorder takes it from its cache.

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttrace;
  static const fuzz::SiteBinary binary;
  static const fuzz::ScratchDirectory directory;
  const Bytes bytes = fuzz::plan_file_with(fuzz::view_of(data, size), binary.key);
  const std::string path = directory.name() + "/" + hex_of(binary.key) + ".sites";
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  const auto plan = read_plan_file(directory.name(), binary.key, *binary.file);
  if (!plan) return 0;
  for (const Site& site : plan->sites) {
    fuzz::require(site_at(binary.file->read(site.file_offset, 15), site.file_offset).has_value(),
                  "a site where there is no such instruction");
  }
  return 0;
}

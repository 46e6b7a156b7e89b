#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "../unit/trace/samples.h"
#include "plan_file_form.h"
#include "rewrite/plan_file.h"
#include "rewrite/sites.h"
#include "target.h"
#include "trace/reader.h"

// Makes a corpus for the targets of this directory: fuzz_seeds DIRECTORY TRACE...
// It has a folder for each target: DIRECTORY/event, /trace, /tick_plan, /plan_file.

namespace {

using namespace ttrace;
namespace fs = std::filesystem;

constexpr std::uint64_t kLargestSeed = 1 << 20;
constexpr int kEventsOfAKind = 12;

void write_seed(const fs::path& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}

void add_event(const fs::path& directory, const Event& event, std::map<std::string, int>& known) {
  const std::string kind = kind_name(event.body);
  if (known[kind] >= kEventsOfAKind) return;
  Bytes bytes;
  encode(event, bytes);
  if (bytes.size() <= kLargestSeed) {
    write_seed(directory / (kind + "-" + std::to_string(known[kind]++)), bytes);
  }
}

void add_trace(const fs::path& directory, const std::string& path,
               std::map<std::string, int>& known) {
  TraceReader reader(path);
  for (std::uint64_t i = 0; i < reader.event_count(); ++i) {
    add_event(directory / "event", reader.event(EventNumber(i)), known);
  }
  const std::string name = fs::path(path).filename().string();
  if (fs::file_size(path) <= kLargestSeed) {
    fs::copy_file(path, directory / "trace" / name, fs::copy_options::overwrite_existing);
  }
  for (const ObjectInfo& object : reader.objects()) {
    if (!object.path.ends_with("(tick plan)") || object.size > kLargestSeed) continue;
    fs::copy_file(fs::path(path).parent_path() / "objects" / object.hash,
                  directory / "tick_plan" / object.hash, fs::copy_options::overwrite_existing);
  }
}

void add_plan_file(const fs::path& directory) {
  const fuzz::SiteBinary binary;
  SitePlan plan;
  write_plan_file((directory / "made").string(), binary.key, analyse_sites(binary.fd.value()));
  const fs::path path = directory / "made" / (hex_of(binary.key) + ".sites");
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  write_seed(directory / "plan_file" / "library",
             fuzz::body_of_plan_file(bytes_of(std::string_view(text)), binary.key));
  fs::remove_all(directory / "made");
}

}  // namespace

int main(int argc, char** argv) {
  fuzz::require(argc >= 2, "usage: fuzz_seeds DIRECTORY TRACE...");
  const fs::path directory = argv[1];
  for (const char* target : {"event", "trace", "tick_plan", "plan_file"}) {
    fs::create_directories(directory / target);
  }
  std::map<std::string, int> known;
  for (const Event& event : test::every_kind_of_event()) {
    add_event(directory / "event", event, known);
  }
  keep(test::sample_recording(), test::sample_info(),
       (directory / "made" / "sample.ttrace").string());
  add_trace(directory, (directory / "made" / "sample.ttrace").string(), known);
  fs::remove_all(directory / "made");
  for (int i = 2; i < argc; ++i) add_trace(directory, argv[i], known);
  add_plan_file(directory);
  return 0;
}

// What the server remembers, and what it forgets in time.
#include "server/store.h"

#include <catch2/catch.hpp>

#include "acuity/error.h"
#include "server/zip.h"
#include "support.h"

using namespace acuity;
using namespace acuity::server;
using test::Folder;

namespace {

JobEntry jobOf(const std::string& picture) {
    JobEntry job;
    job.id = newId();
    job.picture = picture;
    job.name = "p.png";
    job.settings = {{"scale", "2"}};
    job.created = now();
    return job;
}

}  // namespace

TEST_CASE("jobs are taken in order, and a job that ends the process is given up in time") {
    const Folder folder;
    const std::string data = folder / "data";
    std::vector<std::string> ids;
    {
        Store store(data);
        for (const bool first : {false, false, true}) {
            JobEntry job = jobOf("x");
            store.add(job, first);
            ids.push_back(job.id);
        }
        CHECK_THROWS_AS(Store(data), Error);  // one process at a time
        CHECK(store.take()->id == ids[2]);
        CHECK(store.take()->id == ids[0]);
        CHECK(store.waiting() == 3);
        JobEntry done = *store.job(ids[0]);
        done.state = JobState::done;
        done.finished = 100;
        CHECK(store.finish(done));
        CHECK_FALSE(store.finish(done));
    }
    for (int attempt = 2; attempt <= 3; attempt++) {
        Store store(data);
        const auto job = store.take();
        REQUIRE(job);
        CHECK(job->id == ids[2]);
        CHECK(job->attempts == attempt);
    }
    Store store(data);
    CHECK(store.job(ids[2])->state == JobState::failed);
    CHECK(store.take()->id == ids[1]);
    CHECK(store.cancel(ids[1]));
    CHECK_FALSE(store.cancel(ids[1]));
    CHECK(store.requeue(ids[1]));

    test::writeBytes(store.resultFile(ids[0] + ".png"), "result");
    test::writeBytes(store.trustFile(ids[0]), "map");
    CHECK(store.expire(50).empty());
    CHECK(store.expire(200) == std::vector<std::string>{ids[0]});
    CHECK(test::files(folder.path() / "data" / "results").empty());
    CHECK_FALSE(store.job(ids[0]));
    CHECK(store.job(ids[1]));
}

TEST_CASE("presets and seen files are kept") {
    const Folder folder;
    {
        Store store(folder / "data");
        store.setPreset("O'Hara; DROP TABLE jobs", {{"scale", "2"}});
        store.markSeen("/a", "1");
    }
    Store store(folder / "data");
    CHECK(store.presets()["O'Hara; DROP TABLE jobs"]["scale"] == "2");
    CHECK(store.removePreset("O'Hara; DROP TABLE jobs"));
    CHECK(store.presets().empty());
    CHECK(store.seen("/a", "1"));
    CHECK_FALSE(store.seen("/a", "2"));
}

TEST_CASE("archives hold what was put in") {
    const Folder folder;
    test::writeBytes(folder / "a", std::string(300000, 'a'));
    test::writeBytes(folder / "b", "");
    std::string zip;
    writeZip({{"one.png", folder / "a"}, {"gone", folder / "none"}, {"zwei-ä.png", folder / "b"}},
             [&](const char* bytes, std::size_t count) {
                 zip.append(bytes, count);
                 return true;
             });
    test::writeBytes(folder / "all.zip", zip);
    test::writeBytes(
        folder / "read.py",
        "import sys, zipfile\n"
        "z = zipfile.ZipFile(sys.argv[1])\n"
        "assert z.testzip() is None\n"
        "assert z.namelist() == ['one.png', 'zwei-\\u00e4.png'], z.namelist()\n"
        "assert z.read('one.png') == b'a' * 300000 and z.read(z.namelist()[1]) == b''\n");
    const std::string command =
        "python3 '" + (folder / "read.py") + "' '" + (folder / "all.zip") + "'";
    CHECK(std::system(command.c_str()) == 0);
}

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;

/** Fetches a side's jars by Maven and compiles its sources, where that is not done yet. */
final class Builds {
  private Builds() {}

  /** @throws CompareException where the side cannot be had here; its message says why */
  static void ready(Peer peer, String python) throws IOException, InterruptedException {
    if (peer == Peer.TORCH) {
      int status = run(List.of(python, "-c", "import torch"), ProcessBuilder.Redirect.DISCARD);
      if (status != 0) {
        throw new CompareException("no PyTorch in '" + python + "'; name a Python that has one by --python");
      }
      return;
    }
    if (peer == Peer.TANDEM && !Files.isDirectory(Peer.ROOT.resolve("cpu-backend/target/classes"))) {
      throw new CompareException("Tandem is not built; run ./mvnw -B package -DskipTests");
    }
    Path pom = peer.folder().resolve("pom.xml");
    Path library = peer.folder().resolve("target/lib");
    if (Files.exists(pom) && older(library, pom)) {
      System.err.println("compare: fetching " + peer.title + "...");
      Path log = peer.folder().resolve("target/fetch.log");
      Files.createDirectories(library);
      List<String> fetch =
          List.of(
              Peer.ROOT.resolve("mvnw").toString(), "-B", "-f", pom.toString(),
              "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies", "-DoutputDirectory=" + library,
              "-Djavacpp.platform=linux-x86_64");
      if (run(fetch, ProcessBuilder.Redirect.to(log.toFile())) != 0) {
        throw new CompareException("its jars could not be fetched; see " + log);
      }
      Files.setLastModifiedTime(library, FileTime.fromMillis(System.currentTimeMillis()));
    }
    compile(peer);
  }

  private static void compile(Peer peer) throws IOException, InterruptedException {
    Path classes = peer.folder().resolve("target/classes");
    List<Path> sources = peer.sources();
    boolean current = true;
    for (Path source : sources) {
      current &= !older(classes, source);
    }
    if (current) {
      return;
    }
    Files.createDirectories(classes);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(Peer.JAVA).resolveSibling("javac").toString(), "-nowarn", "-Xlint:-options,-incubating", "--add-modules",
                "jdk.incubator.vector", "-cp", peer.classPath(), "-d", classes.toString()));
    sources.forEach(source -> command.add(source.toString()));
    File log = peer.folder().resolve("target/compile.log").toFile();
    if (run(command, ProcessBuilder.Redirect.to(log)) != 0) {
      throw new CompareException("its sources do not compile; see " + log);
    }
    Files.setLastModifiedTime(classes, FileTime.fromMillis(System.currentTimeMillis()));
  }

  private static boolean older(Path made, Path source) throws IOException {
    return !Files.exists(made) || Files.getLastModifiedTime(made).compareTo(Files.getLastModifiedTime(source)) < 0;
  }

  private static int run(List<String> command, ProcessBuilder.Redirect output) throws InterruptedException {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      return builder.start().waitFor();
    } catch (IOException e) {
      return -1; // there is no such program
    }
  }
}

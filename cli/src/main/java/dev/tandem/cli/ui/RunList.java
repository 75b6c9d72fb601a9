package dev.tandem.cli.ui;

import dev.tandem.io.FileException;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The run folders below a folder, those of {@code tandem compare} too. Symbolic links are not followed, so all of them lie inside. */
record RunList(Path root) {
  /** runs/compare-1/run-1 is two below. */
  private static final int DEEP = 3;

  private static final int MOST = 500;

  /** By name, the newest first; of very many the newest. */
  Map<String, RunFolder> find() {
    if (!Files.isDirectory(root)) {
      return Map.of();
    }
    List<Path> folders;
    try (Stream<Path> all = Files.walk(root, DEEP)) {
      folders =
          all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
              .filter(
                  path -> Files.isRegularFile(path.resolve("run.json"), LinkOption.NOFOLLOW_LINKS))
              .toList();
    } catch (IOException e) {
      throw FileException.of("ui", root, "cannot be read", e);
    } catch (UncheckedIOException e) {
      throw FileException.of("ui", root, "cannot be read", e.getCause());
    }
    Map<String, RunFolder> runs = new LinkedHashMap<>();
    folders.stream()
        .sorted(Comparator.comparing(RunList::written).reversed().thenComparing(path -> path))
        .limit(MOST)
        .forEach(path -> runs.put(name(path), new RunFolder(path)));
    return runs;
  }

  private String name(Path folder) {
    String name = root.relativize(folder).toString().replace('\\', '/');
    return name.isEmpty() ? String.valueOf(root.toAbsolutePath().normalize().getFileName()) : name;
  }

  /** The config is written when a run begins. */
  private static long written(Path folder) {
    Path config = folder.resolve("config.yaml");
    try {
      return Files.getLastModifiedTime(Files.exists(config) ? config : folder).toMillis();
    } catch (IOException _) {
      return 0; // gone since
    }
  }
}

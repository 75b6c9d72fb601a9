package dev.tandem.data;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fashion-MNIST: 60,000 pictures of clothes to train on and 10,000 to test with, F32 (1, 28, 28), in 10
 * classes. H. Xiao, K. Rasul and R. Vollgraf 2017, arXiv:1708.07747; MIT licence. It is not part of
 * Tandem: it is looked for in a folder that the user names, else where Debian's package
 * dataset-fashion-mnist puts it, else in a download cache.
 */
public final class FashionMnist {
  static final URI SOURCE =
      URI.create("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");
  static final Path DEBIAN = Path.of("/usr/share/datasets/fashion-mnist");

  /** The largest of the four files has 26,421,880 bytes. */
  private static final long MOST_BYTES = 30_000_000;

  private static final List<String> CLASSES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  /** SHA-256 of the decompressed files. */
  static final Map<String, String> CHECKSUMS =
      Map.of(
          "train-images-idx3-ubyte",
              "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
          "train-labels-idx1-ubyte",
              "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
          "t10k-images-idx3-ubyte",
              "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
          "t10k-labels-idx1-ubyte",
              "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34");

  private final List<Path> places;
  private final Path cache;
  private final URI source;
  private final Map<String, String> checksums;

  FashionMnist(List<Path> places, Path cache, URI source, Map<String, String> checksums) {
    this.places = places;
    this.cache = cache;
    this.source = source;
    this.checksums = checksums;
  }

  /**
   * Finds the data set.
   *
   * @param folder where the user says it is; then it is looked for nowhere else
   * @param download fills the cache over the network when the data set is nowhere on this machine
   */
  public static IdxFolder open(Optional<Path> folder, boolean download) {
    FashionMnist here = new FashionMnist(List.of(DEBIAN), cacheFolder(), SOURCE, CHECKSUMS);
    return folder.map(here::in).orElseGet(() -> here.find(download));
  }

  /** Fetches the four files to the download cache, those there already excepted, and checks them. */
  public static IdxFolder download() {
    return new FashionMnist(List.of(), cacheFolder(), SOURCE, CHECKSUMS).fetch();
  }

  /** {@code $XDG_CACHE_HOME/tandem/fashion-mnist}, or in {@code ~/.cache} where that is not set. */
  static Path cacheFolder() {
    return cacheFolder(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
  }

  static Path cacheFolder(String xdgCacheHome, String home) {
    // The XDG base directory specification: a relative path is to be ignored.
    boolean given = xdgCacheHome != null && Path.of(xdgCacheHome).isAbsolute();
    Path caches = given ? Path.of(xdgCacheHome) : Path.of(home, ".cache");
    return caches.resolve("tandem").resolve("fashion-mnist");
  }

  IdxFolder in(Path folder) {
    IdxFolder files = folder(folder);
    if (!files.complete()) {
      throw new DataException(
          "fashion-mnist: the data are not there, got folder "
              + folder
              + "; it must have "
              + String.join(", ", IdxFolder.files())
              + ", each plain or .gz");
    }
    return files;
  }

  IdxFolder find(boolean download) {
    for (Path place : places) {
      if (folder(place).complete()) {
        return folder(place);
      }
    }
    if (folder(cache).complete()) {
      return folder(cache);
    }
    if (download) {
      return fetch();
    }
    throw new DataException(
        "fashion-mnist: the data are not on this machine, got nothing in "
            + places
            + " or "
            + cache
            + "; install Debian's package dataset-fashion-mnist, or set download: true to fetch 30 MB from "
            + source.getHost()
            + ", or set folder: to where the four idx files are");
  }

  IdxFolder fetch() {
    for (String file : IdxFolder.files()) {
      Path target = cache.resolve(file + ".gz");
      if (!target.toFile().isFile()) {
        new Download(source.resolve(file + ".gz"), checksums.get(file), MOST_BYTES).to(target);
      }
    }
    return folder(cache);
  }

  private static IdxFolder folder(Path folder) {
    return new IdxFolder("fashion-mnist", folder, CLASSES);
  }
}

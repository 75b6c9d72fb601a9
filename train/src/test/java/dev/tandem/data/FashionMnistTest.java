package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FashionMnistTest {
  @TempDir Path folder;

  private final Map<String, byte[]> served = new TreeMap<>();
  private final Map<String, String> checksums = new TreeMap<>();
  private final AtomicInteger requests = new AtomicInteger();
  private HttpServer server;
  private URI source;

  /** A server on this machine with four tiny files, compressed. */
  @BeforeEach
  void serve() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    source =
        URI.create(
            "http://"
                + InetAddress.getLoopbackAddress().getHostAddress()
                + ":"
                + server.getAddress().getPort()
                + "/");
    for (String file : IdxFolder.files()) {
      int count = file.startsWith("train") ? 4 : 2;
      byte[] content = file.contains("images") ? IdxTest.idx(count, 3, 3) : IdxTest.idx(count);
      served.put(file, IdxTest.gzip(content));
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      checksums.put(file, HexFormat.of().formatHex(digest));
      server.createContext(
          "/" + file + ".gz",
          exchange -> {
            requests.incrementAndGet();
            byte[] body = served.get(file);
            exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(body == null ? new byte[0] : body);
            }
          });
    }
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private FashionMnist of(Path... places) {
    return new FashionMnist(List.of(places), folder.resolve("cache"), source, checksums);
  }

  private List<String> cached() throws IOException {
    if (!Files.exists(folder.resolve("cache"))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void downloadsOnceWhenAsked() throws IOException {
    IdxFolder files = of().find(true);
    assertEquals(4, files.training().size());
    assertEquals(2, files.test().size());
    assertEquals(TensorType.f32(1, 3, 3), files.test().input());
    assertEquals("fashion-mnist (test)", files.test().name());
    assertEquals(4, requests.get());
    assertEquals(files, of().find(true));
    assertEquals(files, of().find(false));
    assertEquals(4, requests.get());
    assertEquals(served.keySet().stream().map(file -> file + ".gz").toList(), cached());
  }

  @Test
  void neverDownloadsUnasked() throws IOException {
    refusedWith(
        () -> of(folder.resolve("debian")).find(false),
        "fashion-mnist: the data are not on this machine, got nothing in ["
            + folder.resolve("debian")
            + "] or ",
        "; install Debian's package dataset-fashion-mnist, or set download: true to fetch 30 MB from 127.0.0.1, or set"
            + " folder: to where the four idx files are");
    assertEquals(0, requests.get());
    assertEquals(List.of(), cached());
  }

  @Test
  void aDownloadGoesOnWhereItWasBroken() throws IOException {
    byte[] kept = served.remove("t10k-labels-idx1-ubyte");
    refusedWith(
        () -> of().fetch(),
        "download: the server refused, got status 404 for http://127.0.0.1",
        "t10k-labels-idx1-ubyte.gz; try again, or fetch it by hand");
    assertEquals(3, cached().size());
    served.put("t10k-labels-idx1-ubyte", kept);
    of().fetch();
    assertEquals(5, requests.get());
    assertEquals(4, cached().size());
  }

  @Test
  void aWrongChecksumLeavesNothingBehind() throws IOException {
    served.put("train-images-idx3-ubyte", IdxTest.gzip(IdxTest.idx(4, 3, 4)));
    refusedWith(
        () -> of().fetch(),
        "download: wrong checksum, got SHA-256 ",
        " for http://127.0.0.1",
        "train-images-idx3-ubyte.gz decompressed where "
            + checksums.get("train-images-idx3-ubyte")
            + " was expected; ");
    assertEquals(List.of(), cached());
  }

  @Test
  void whatIsNotCompressedAsItShouldBeIsRefused() throws IOException {
    served.put("train-images-idx3-ubyte", "<html>gone</html>".getBytes(StandardCharsets.US_ASCII));
    refusedWith(() -> of().fetch(), "download: wrong checksum, got SHA-256 ");
    byte[] whole = IdxTest.gzip(IdxTest.idx(4, 3, 3));
    served.put("train-images-idx3-ubyte", Arrays.copyOf(whole, whole.length - 9));
    refusedWith(
        () -> of().fetch(), "download: the compressed file ends too early, got http://127.0.0.1");
    assertEquals(List.of(), cached());
  }

  /** A server that promises more than it sends, with and without a length. */
  @Test
  void aBodyThatBreaksOffIsRefused() throws Exception {
    byte[] body = served.get("train-images-idx3-ubyte");
    String half = new String(Arrays.copyOf(body, body.length / 2), StandardCharsets.ISO_8859_1);
    for (String head :
        List.of(
            "Content-Length: " + body.length + "\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n40\r\n")) {
      try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        Thread answering =
            Thread.ofPlatform()
                .daemon()
                .start(() -> answer(listener, "HTTP/1.1 200 OK\r\n" + head + half));
        URI broken =
            URI.create(
                "http://127.0.0.1:" + listener.getLocalPort() + "/train-images-idx3-ubyte.gz");
        Download download = new Download(broken, checksums.get("train-images-idx3-ubyte"), 1000);
        Path target = folder.resolve("cache").resolve("broken.gz");
        DataException refusal =
            refusedWith(() -> download.to(target), "download: ", broken, "try again");
        assertFalse(refusal.getMessage().contains("checksum"), refusal.getMessage());
        answering.join();
      }
    }
    assertEquals(List.of(), cached());
  }

  private static void answer(ServerSocket listener, String answer) {
    try (Socket socket = listener.accept();
        InputStream in = socket.getInputStream()) {
      StringBuilder request = new StringBuilder();
      while (request.indexOf("\r\n\r\n") < 0) {
        request.append((char) in.read());
      }
      socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new IllegalStateException("the test's own server failed", e);
    }
  }

  @Test
  void aBodyThatNeverEndsAndAServerThatIsNotThereAreRefused() throws IOException {
    Download small = new Download(source.resolve("train-images-idx3-ubyte.gz"), "", 10);
    refusedWith(
        () -> small.to(folder.resolve("cache/x")),
        "download: the file is too large, got more than 10 bytes of http://");
    URI nobody;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = URI.create("http://127.0.0.1:" + closed.getLocalPort() + "/x");
    }
    refusedWith(
        () -> new Download(nobody, "", 10).to(folder.resolve("cache/x")),
        "download: failed, got java.net.ConnectException",
        " for " + nobody + "; try again, or fetch it by hand");
    assertEquals(List.of(), cached());
  }

  @Test
  void aFolderOfTheUsersIsTakenAndNoOther() throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    refused(
        "fashion-mnist: the data are not there, got folder "
            + own
            + "; it must have train-images-idx3-ubyte,"
            + " train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or .gz",
        () -> FashionMnist.open(Optional.of(own), true));
    for (String file : IdxFolder.files()) {
      Files.write(
          own.resolve(file), file.contains("images") ? IdxTest.idx(2, 3, 3) : IdxTest.idx(2));
    }
    assertEquals(2, FashionMnist.open(Optional.of(own), false).training().size());
    assertEquals(own, of(own).find(false).folder());
    assertEquals(0, requests.get());
  }

  @Test
  void mnistIsReadFromAFolderUnderEitherSpelling() throws IOException {
    refusedWith(
        () -> IdxFolder.mnist(folder).training(),
        "mnist: a file is missing, got neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz in ");
    Files.write(folder.resolve("train-images.idx3-ubyte"), IdxTest.idx(2, 3, 3));
    Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), IdxTest.gzip(IdxTest.idx(2)));
    Dataset digits = IdxFolder.mnist(folder).training();
    assertEquals("mnist (training)", digits.name());
    assertEquals("9", ((Target.Classes) digits.target()).names().get(9));
  }

  @Test
  void theCacheIsWhereTheDesktopStandardPutsIt() {
    Path home = Path.of("/home/u/.cache/tandem/fashion-mnist");
    assertEquals(home, FashionMnist.cacheFolder(null, "/home/u"));
    assertEquals(home, FashionMnist.cacheFolder("", "/home/u"));
    assertEquals(home, FashionMnist.cacheFolder("relative", "/home/u"));
    assertEquals(Path.of("/c/tandem/fashion-mnist"), FashionMnist.cacheFolder("/c", "/home/u"));
  }

  /**
   * The real data, where Debian's package is installed: the checksums above, and what the set is known
   * to hold.
   */
  @Test
  void debiansFilesHaveTheChecksums() throws Exception {
    assumeTrue(
        Files.isDirectory(FashionMnist.DEBIAN),
        "Debian's package dataset-fashion-mnist is not installed");
    for (String file : IdxFolder.files()) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in =
          new DigestInputStream(
              DataFile.open("test", FashionMnist.DEBIAN.resolve(file + ".gz")), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      assertEquals(
          FashionMnist.CHECKSUMS.get(file), HexFormat.of().formatHex(digest.digest()), file);
    }
    Dataset test = FashionMnist.open(Optional.empty(), false).test();
    assertEquals(10_000, test.size());
    assertEquals(TensorType.f32(1, 28, 28), test.input());
    int[] counts = new int[10];
    Arrays.stream(Splits.labels(test)).forEach(label -> counts[label]++);
    int[] thousandEach = new int[10];
    Arrays.fill(thousandEach, 1000);
    assertArrayEquals(thousandEach, counts);
    assertEquals(60_000, FashionMnist.open(Optional.empty(), false).training().size());
  }
}

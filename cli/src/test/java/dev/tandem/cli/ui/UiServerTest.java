package dev.tandem.cli.ui;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.io.FileException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the server gives out, and to whom. Asked byte by byte: clients tidy up what an attacker would not. */
class UiServerTest {
  static final String EPOCH =
      "{\"epoch\":%d,\"steps\":%d,\"train_loss\":0.5,\"validation_loss\":%s,\"validation_samples\":10,\"validation_accuracy\":0.9,"
          + "\"learning_rate\":0.01,\"gradient_norm\":1.0,\"best\":true,\"seconds\":1.0,\"samples_per_second\":100.0,\"peak_bytes\":1000}\n";

  @TempDir Path folder;

  private record Response(int status, String head, String body) {}

  static Path run(Path root, String name) throws IOException {
    Path run = Files.createDirectories(root.resolve(name));
    Files.writeString(
        run.resolve("run.json"),
        "{\"seed\":1,\"backend\":\"cpu\",\"device\":\"cpu\",\"versions\":{},\"started\":\""
            + Instant.now()
            + "\"}");
    Files.writeString(run.resolve("config.yaml"), "seed: 1\n");
    return run;
  }

  static void epoch(Path run, int epoch, double loss) throws IOException {
    Files.writeString(
        run.resolve("metrics.jsonl"),
        EPOCH.formatted(epoch, 10 * epoch, Double.toString(loss)),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private static Response ask(int port, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = all.indexOf("\r\n\r\n");
      return new Response(
          Integer.parseInt(all.substring(9, 12)), all.substring(0, end), all.substring(end + 4));
    }
  }

  private static Response get(int port, String path, String host) throws IOException {
    return ask(
        port, "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }

  private static Response get(int port, String path) throws IOException {
    return get(port, path, "localhost:" + port);
  }

  @Test
  void runsAreListedAndGrow() throws IOException {
    Path run = run(folder, "digits-1");
    run(folder, "compare-1/lr-0.1-1");
    epoch(run, 1, 0.25);
    try (UiServer server = new UiServer(folder, 0)) {
      String list = get(server.port(), "/").body();
      assertTrue(list.contains("<a href=\"/run/digits-1\">digits-1</a>"), list);
      assertTrue(list.contains("<a href=\"/run/compare-1/lr-0.1-1\">"), "of tandem compare");
      assertTrue(
          list.contains("<td>1</td><td>1</td><td>0.5000</td><td>0.2500</td><td>90.0 %</td>"), list);
      epoch(run, 2, 0.125);
      assertTrue(get(server.port(), "/").body().contains("<td>0.1250</td>"), "the second epoch");
      String page = get(server.port(), "/run/digits-1").body();
      assertTrue(page.contains("class=\"state running\""), page);
      assertTrue(page.contains("<b>2</b><span>epochs, the best 2</span>"), page);
      assertEquals(200, get(server.port(), "/run/compare-1/lr-0.1-1").status());
      Files.writeString(run.resolve("metrics.jsonl"), "not JSON\n");
      assertTrue(get(server.port(), "/").body().contains("has a line that is no epoch"), "a row");
      assertEquals(500, get(server.port(), "/run/digits-1").status());
    }
  }

  @Test
  void thoseChosenAreCompared() throws IOException {
    for (String name : List.of("a-1", "b-1", "c-1")) {
      epoch(run(folder, name), 1, 0.25);
    }
    try (UiServer server = new UiServer(folder, 0)) {
      String page = get(server.port(), "/?chosen=1&run=a-1&run=c-1&run=%ff&run=nobody&else").body();
      assertTrue(page.contains("value=\"a-1\" aria-label=\"compare a-1\" checked"), page);
      assertTrue(page.contains("value=\"b-1\" aria-label=\"compare b-1\">"), page);
      assertTrue(page.contains("<li class=\"c0\">") && page.contains("<li class=\"c1\">"), page);
      assertFalse(page.contains("<li class=\"c2\">"), "two lines");
      assertTrue(get(server.port(), "/?chosen=1").body().contains("Choose runs below"));
    }
  }

  @Test
  void anEmptyFolderSaysWhatToDo() throws IOException {
    try (UiServer server = new UiServer(folder.resolve("runs"), 0)) {
      assertTrue(get(server.port(), "/").body().contains("tandem train examples/digits.yaml"));
    }
  }

  @Test
  void namesFromElsewhereAreRefused() throws IOException {
    run(folder, "digits-1");
    try (UiServer server = new UiServer(folder, 0)) {
      int port = server.port();
      for (String host :
          List.of(
              "evil.example",
              "evil.example:" + port,
              "localhost.evil.example",
              "127.0.0.1.evil.example:" + port,
              "localhost:" + port + "@evil.example",
              "")) {
        Response refused = get(port, "/", host);
        assertEquals(403, refused.status(), host);
        assertFalse(refused.body().contains("digits-1"), host);
      }
      for (String host : List.of("localhost", "LOCALHOST:9", "127.0.0.1:" + port, "[::1]:1")) {
        assertEquals(200, get(port, "/", host).status(), host);
      }
      assertEquals(403, ask(port, "GET / HTTP/1.0\r\n\r\n").status(), "no host at all");
    }
  }

  @Test
  void onlyThisMachineIsListenedTo() throws IOException {
    try (UiServer server = new UiServer(folder, 0)) {
      for (var networks = NetworkInterface.getNetworkInterfaces(); networks.hasMoreElements(); ) {
        for (InetAddress address : networks.nextElement().inetAddresses().toList()) {
          if (!address.isLoopbackAddress()) {
            try (Socket socket = new Socket()) {
              assertThrows(
                  IOException.class,
                  () -> socket.connect(new InetSocketAddress(address, server.port()), 300),
                  address::toString);
            }
          }
        }
      }
    }
  }

  @Test
  void noPathLeadsOutOfTheRuns() throws IOException {
    Path root = Files.createDirectory(folder.resolve("runs"));
    run(root, "digits-1");
    run(folder, "secret-1");
    Files.writeString(folder.resolve("secret.txt"), "secret");
    try (UiServer server = new UiServer(root, 0)) {
      for (String path :
          List.of(
              "/run/../secret-1",
              "/run/..%2fsecret-1",
              "/run/%2e%2e/secret-1",
              "/run/digits-1/../../secret-1",
              "/run/" + folder.resolve("secret-1"),
              "/run//etc/passwd",
              "/run/digits-1/run.json",
              "/../secret.txt",
              "/run/digits-1%00",
              "/secret.txt")) {
        Response answer = get(server.port(), path);
        assertEquals(404, answer.status(), path);
        assertFalse(answer.body().contains("secret"), path);
      }
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void linksAreNotFollowed() throws IOException {
    Path root = Files.createDirectory(folder.resolve("runs"));
    Path outside = run(folder, "outside-1");
    Files.createSymbolicLink(root.resolve("linked-1"), outside);
    Path half = Files.createDirectory(root.resolve("half-1"));
    Files.createSymbolicLink(half.resolve("run.json"), outside.resolve("run.json"));
    try (UiServer server = new UiServer(root, 0)) {
      assertTrue(get(server.port(), "/").body().contains("There is no run yet"));
      assertEquals(404, get(server.port(), "/run/linked-1").status());
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aLinkThatWasGivenIsFollowed() throws IOException {
    Path disk = Files.createDirectories(folder.resolve("disk").resolve("runs"));
    run(disk, "digits-1");
    Files.createSymbolicLink(disk.resolve("linked-1"), run(folder, "outside-1"));
    Path link = Files.createSymbolicLink(folder.resolve("runs"), disk);
    try (UiServer server = new UiServer(link, 0)) {
      String list = get(server.port(), "/").body();
      assertTrue(list.contains("<a href=\"/run/digits-1\">"), list);
      assertFalse(list.contains("linked-1"), "below it links are not followed");
      assertEquals(200, get(server.port(), "/run/digits-1").status());
    }
    try (UiServer server =
        new UiServer(
            Files.createSymbolicLink(folder.resolve("one"), disk.resolve("digits-1")), 0)) {
      assertEquals(200, get(server.port(), "/run/one").status(), "a run itself");
    }
  }

  @Test
  void nothingCanBeChangedAndEveryAnswerIsGuarded() throws IOException {
    run(folder, "digits-1");
    try (UiServer server = new UiServer(folder, 0)) {
      int port = server.port();
      for (String method : List.of("POST", "PUT", "DELETE")) {
        Response answer =
            ask(
                port,
                method
                    + " / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assertEquals(405, answer.status(), method);
      }
      for (String path : List.of("/", "/live.js", "/run/digits-1", "/nothing")) {
        String head = get(port, path).head().toLowerCase(Locale.ROOT);
        assertTrue(head.contains("content-security-policy: default-src 'none'"), head);
        assertTrue(head.contains("frame-ancestors 'none'"), head);
        assertTrue(head.contains("x-content-type-options: nosniff"), head);
        assertFalse(head.contains("access-control-allow"), head);
      }
      assertEquals(
          "", ask(port, "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").body());
    }
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    try (UiServer server = new UiServer(folder, 0)) {
      String message =
          assertThrows(FileException.class, () -> new UiServer(folder, server.port())).getMessage();
      assertTrue(
          message.startsWith("ui: the port cannot be had, got " + server.port() + " ("), message);
    }
  }
}

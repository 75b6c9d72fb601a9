package dev.tandem.cli.ui;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tandem.cli.report.Page;
import dev.tandem.cli.report.RunFiles;
import dev.tandem.cli.report.RunPage;
import dev.tandem.cli.report.RunsPage;
import dev.tandem.io.FileException;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

/**
 * Serves the runs of a folder: a list with their curves side by side, and each run's report as it grows. On the loopback address only,
 * and only to who asks for it by a loopback name: a page from elsewhere whose own name was made to point here (DNS rebinding) is
 * refused. Nothing can be changed, and of the disk nothing is given out but what pages make of the runs that were found.
 */
public final class UiServer implements AutoCloseable {
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127\\.0\\.0\\.1|\\[::1])(:\\d{1,5})?", Pattern.CASE_INSENSITIVE);

  private static final String SCRIPT = "/live.js";
  private static final String RUN = "/run/";
  private static final int THREADS = 4;

  /** Runs that are compared where nobody chose any. */
  private static final int FIRST_CHOSEN = 5;

  /** Of a run as it was when its files were of this version. */
  private record Known(String version, RunsPage.Entry entry) {}

  /** What is sent back. */
  private record Answer(int status, String type, String text) {
    static Answer page(String text) {
      return new Answer(200, "text/html; charset=utf-8", text);
    }

    static Answer refusal(int status, String sentence) {
      return new Answer(status, "text/plain; charset=utf-8", sentence + "\n");
    }
  }

  private final RunList runs;
  private final Path root;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  /**
   * Starts to serve.
   *
   * @param root where the runs are, or will be
   * @param port 0 for any that is free
   * @throws FileException where the port is taken
   */
  public UiServer(Path root, int port) {
    this.root = root;
    runs = new RunList(root);
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    } catch (BindException e) {
      threads.shutdown();
      throw new FileException(
          "ui: the port cannot be had, got "
              + port
              + " ("
              + e.getMessage()
              + "); give another, or --port 0 for any that is free",
          e);
    } catch (IOException e) {
      threads.shutdown();
      throw new UncheckedIOException("ui: no server can be made", e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** The port that is listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      try {
        answer = answer(exchange);
      } catch (FileException e) {
        answer = Answer.refusal(500, e.getMessage());
      } catch (RuntimeException e) {
        answer = Answer.refusal(500, "ui: unexpected: " + e + "; this is a defect");
      }
      send(exchange, answer);
    }
  }

  private static void send(HttpExchange exchange, Answer answer) throws IOException {
    byte[] bytes = answer.text().getBytes(StandardCharsets.UTF_8);
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", answer.type());
    headers.set("Content-Security-Policy", Page.served());
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cache-Control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(answer.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(answer.status(), bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private Answer answer(HttpExchange exchange) {
    String host = exchange.getRequestHeaders().getFirst("Host");
    if (host == null || !LOOPBACK.matcher(host).matches()) {
      return Answer.refusal(
          403, "ui: asked for by a name that is not this machine's own; use http://localhost");
    }
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Answer.refusal(405, "ui: runs can be looked at and nothing else");
    }
    String path = exchange.getRequestURI().getPath();
    if (path.equals("/")) {
      return Answer.page(overview(exchange.getRequestURI().getRawQuery()));
    }
    if (path.equals(SCRIPT)) {
      return new Answer(200, "text/javascript; charset=utf-8", script());
    }
    if (path.startsWith(RUN)) {
      // Looked up among those found, never resolved: no path leads out of the folder.
      RunFolder folder = runs.find().get(path.substring(RUN.length()));
      if (folder != null) {
        RunFiles run = RunFiles.read(folder, path.substring(RUN.length()));
        return Answer.page(
            Page.live(run.name() + " – Tandem", SCRIPT, RunsPage.BACK + RunPage.body(run)));
      }
    }
    return Answer.refusal(404, "ui: there is no such page");
  }

  private String overview(String query) {
    Map<String, RunFolder> found = runs.find();
    known.keySet().retainAll(found.keySet());
    List<RunsPage.Entry> entries = new ArrayList<>();
    found.forEach((name, folder) -> {
      String version = RunFiles.version(folder);
      Known before = known.get(name);
      if (before == null || !before.version().equals(version)) {
        before = new Known(version, entry(name, folder));
        known.put(name, before);
      }
      entries.add(before.entry());
    });
    Set<String> chosen = new LinkedHashSet<>();
    if (query == null || query.isEmpty()) {
      found.keySet().stream().limit(FIRST_CHOSEN).forEach(chosen::add);
    } else {
      for (String field : query.split("&")) {
        if (field.startsWith("run=")) {
          chosen.add(decoded(field.substring("run=".length())));
        }
      }
    }
    return Page.live(
        "Runs – Tandem",
        SCRIPT,
        RunsPage.body(root.toAbsolutePath().normalize().toString(), entries, chosen));
  }

  private static RunsPage.Entry entry(String name, RunFolder folder) {
    try {
      return RunsPage.Entry.of(RunFiles.brief(folder, name));
    } catch (FileException e) {
      return RunsPage.Entry.damaged(name, e.getMessage());
    }
  }

  private static String decoded(String field) {
    try {
      return URLDecoder.decode(field, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return ""; // no run is called so
    }
  }

  private static String script() {
    try (InputStream in = UiServer.class.getResourceAsStream("live.js")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("ui: live.js is missing from the jar", e);
    }
  }

  /** Stops at once. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}

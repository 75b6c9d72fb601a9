package dev.tandem.cli.report;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A Chromium without a window, told what to do by the DevTools protocol, that keeps what pages ask for and complain about. */
public final class Browser implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private final Path profile;
  private final Process process;
  private final HttpClient client;
  private final WebSocket socket;
  private final AtomicInteger numbers = new AtomicInteger();
  private final Map<Integer, CompletableFuture<Json>> waiting = new ConcurrentHashMap<>();
  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private final List<String> problems = Collections.synchronizedList(new ArrayList<>());
  private volatile CompletableFuture<Void> loaded = new CompletableFuture<>();
  private final String session;

  /** The browser on the PATH, if there is one. */
  public static Optional<Path> installed() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(folder ->
            Stream.of("chromium", "chromium-browser", "google-chrome")
                .map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** @param profile a new folder */
  public Browser(Path program, Path profile) throws IOException, InterruptedException {
    this.profile = profile;
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile,
                "--remote-debugging-port=0",
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    client = HttpClient.newHttpClient();
    try {
      socket =
          client
              .newWebSocketBuilder()
              .buildAsync(URI.create(address(profile)), new Ears())
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      String target = call("", "Target.createTarget", "\"url\":\"about:blank\"").text("targetId");
      session =
          call("", "Target.attachToTarget", "\"flatten\":true,\"targetId\":\"" + target + "\"")
              .text("sessionId");
      for (String domain : List.of("Page", "Network", "Runtime", "Log")) {
        call(domain + ".enable", "");
      }
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      client.close();
      process.destroyForcibly();
      throw new IOException("the browser does not answer", e);
    }
  }

  /** Where it listens, which it writes down when it does. */
  private String address(Path profile) throws IOException, InterruptedException {
    Path file = profile.resolve("DevToolsActivePort");
    for (int tenths = 0; tenths < 10 * PATIENCE_SECONDS && process.isAlive(); tenths++) {
      if (Files.exists(file)) {
        List<String> lines = Files.readAllLines(file);
        if (lines.size() == 2) {
          return "ws://127.0.0.1:" + lines.getFirst() + lines.getLast();
        }
      }
      Thread.sleep(100);
    }
    throw new IOException("the browser does not start");
  }

  /** Opens a page and waits until all of it is there. */
  public void open(String url, int width, boolean dark) {
    call(
        "Emulation.setEmulatedMedia",
        "\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\""
            + (dark ? "dark" : "light")
            + "\"}]");
    call(
        "Emulation.setDeviceMetricsOverride",
        "\"width\":" + width + ",\"height\":900,\"deviceScaleFactor\":1,\"mobile\":false");
    loaded = new CompletableFuture<>();
    requests.clear();
    problems.clear();
    call("Page.navigate", "\"url\":\"" + url + "\"");
    await(loaded, "load " + url);
  }

  /** What an expression comes to: a text, a number or a boolean. */
  public Object evaluate(String expression) {
    Json answer =
        call(
            "Runtime.evaluate",
            "\"returnByValue\":true,\"awaitPromise\":true,\"expression\":\""
                + expression.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                + "\"");
    if (answer.has("exceptionDetails")) {
      throw new AssertionError("script: " + answer.fields());
    }
    Object value = answer.object("result").fields().get("value");
    return value instanceof Number number ? number.doubleValue() : value; // as in scripts
  }

  /** Presses a key that has a name and no letter. */
  public void press(String key) {
    for (String type : List.of("keyDown", "keyUp")) {
      call("Input.dispatchKeyEvent", "\"type\":\"" + type + "\",\"key\":\"" + key + "\"");
    }
  }

  /** What was asked for since the page was opened. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** Errors, warnings and dialogs since the page was opened. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  private Json call(String method, String parameters) {
    return call(session, method, parameters);
  }

  private Json call(String in, String method, String parameters) {
    int number = numbers.incrementAndGet();
    CompletableFuture<Json> answer = new CompletableFuture<>();
    waiting.put(number, answer);
    String of = in.isEmpty() ? "" : "\"sessionId\":\"" + in + "\",";
    socket.sendText(
        "{\"id\":"
            + number
            + ","
            + of
            + "\"method\":\""
            + method
            + "\",\"params\":{"
            + parameters
            + "}}",
        true);
    Json json = await(answer, method);
    if (json.has("error")) {
      throw new IllegalStateException(method + ": " + json.object("error").fields());
    }
    return json.object("result");
  }

  private static <T> T await(CompletableFuture<T> future, String what) {
    try {
      return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the browser does not answer: " + what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void heard(Json message) {
    if (message.has("id")) {
      CompletableFuture<Json> answer = waiting.remove((int) message.number("id"));
      if (answer != null) {
        answer.complete(message);
      }
      return;
    }
    Json of = message.object("params");
    switch (message.text("method")) {
      case "Page.loadEventFired" -> loaded.complete(null);
      case "Network.requestWillBeSent" -> requests.add(of.object("request").text("url"));
      case "Runtime.exceptionThrown", "Page.javascriptDialogOpening" ->
          problems.add(of.fields().toString());
      case "Runtime.consoleAPICalled" -> {
        if (List.of("error", "warning", "assert").contains(of.text("type"))) {
          problems.add(of.fields().toString());
        }
      }
      case "Log.entryAdded" -> {
        if (List.of("error", "warning").contains(of.object("entry").text("level"))) {
          problems.add(of.object("entry").text("text") + " " + of.object("entry").text("url"));
        }
      }
      default -> {}
    }
  }

  private final class Ears implements WebSocket.Listener {
    private final StringBuilder begun = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      begun.append(part);
      if (last) {
        try {
          heard(Json.parse(begun.toString()));
        } catch (IOException e) {
          problems.add("not JSON: " + e);
        }
        begun.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  @Override
  public void close() {
    socket.abort();
    client.close();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS); // or its files come back while the folder is removed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (String link : List.of("SingletonSocket", "SingletonLock", "SingletonCookie")) {
      try {
        Files.deleteIfExists(profile.resolve(link)); // they lead out of the folder
      } catch (IOException _) {
        // Left to who removes the folder.
      }
    }
  }
}

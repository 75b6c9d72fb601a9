package dev.tandem.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** What every page has around its contents: style and script inside, and a policy that lets nothing be fetched from anywhere. */
public final class Page {
  private static final String STYLE = resource("report.css");
  private static final String SCRIPT = resource("report.js");

  /** What a file on a disk may load: nothing but pictures inside it, and do: nothing but this script. */
  private static final String POLICY =
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '"
          + hash(SCRIPT)
          + "'; base-uri 'none'; form-action 'none'";

  private Page() {}

  /** A page that needs nothing else. @param body in HTML */
  static String alone(String title, String body) {
    return html(
        title, "<meta http-equiv=\"Content-Security-Policy\" content=\"" + POLICY + "\">", body);
  }

  /**
   * A page of a server, which sends {@link #served} with it.
   *
   * @param script the address of a script of the same server
   */
  public static String live(String title, String script, String body) {
    return html(title, "<script src=\"" + Html.escape(script) + "\" defer></script>", body);
  }

  /** The policy of a page of a server: scripts and data of that server, and the page's own. */
  public static String served() {
    return POLICY
            .replace("script-src ", "script-src 'self' ")
            .replace("form-action 'none'", "form-action 'self'")
        + "; connect-src 'self'; frame-ancestors 'none'";
  }

  private static String html(String title, String head, String body) {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    %s
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>%s</title>
    <link rel="icon" href="data:,">
    <style>
    %s</style>
    </head>
    <body>
    <main>
    %s</main>
    <script>%s</script>
    </body>
    </html>
    """
        .formatted(head, Html.escape(title), STYLE, body, SCRIPT);
  }

  /** A text of this package's resources. */
  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("report: " + name + " is missing from the jar", e);
    }
  }

  private static String hash(String script) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}

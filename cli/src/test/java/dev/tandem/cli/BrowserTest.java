package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cli.report.Browser;
import dev.tandem.cli.ui.UiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports and the live pages as a browser shows them: light and dark, narrow and wide, by keyboard, and without a word to anybody. */
class BrowserTest extends CommandTest {
  private static final String LIGHT = "rgb(246, 248, 250)";
  private static final String DARK = "rgb(13, 17, 23)";

  /** Nothing sticks out at the side. */
  private static final String OVERFLOW =
      "document.documentElement.scrollWidth - document.documentElement.clientWidth";

  /** Pictures that cannot be drawn or have no words in their place, and plots likewise. */
  private static final String WORDLESS =
      """
      [...document.images].filter((i) => !i.complete || i.naturalWidth === 0 || !i.alt).length
        + [...document.querySelectorAll('svg')].filter((s) => s.getAttribute('role') !== 'img' || !s.getAttribute('aria-label')).length
      """;

  /** The text with the least contrast to what is behind it, by the formula of WCAG 2.2; large text may have less. */
  private static final String CONTRAST =
      """
      (() => {
        const parse = (c) => {
          const n = c.match(/[0-9.]+/g).map(Number);
          return n.length < 4 ? [...n.slice(0, 3), 1] : n;
        };
        const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
        const light = (c) => {
          const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (e) => {
          const behind = [];
          for (let at = e; at; at = at.parentElement) behind.push(parse(getComputedStyle(at).backgroundColor));
          return behind.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]);
        };
        let worst = [99, ''];
        for (const e of document.querySelectorAll('main *')) {
          const text = [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim() && n.textContent.trim() !== '·');
          if (!text.length || !e.checkVisibility() || e.closest('.unseen, noscript, title')) continue;
          const style = getComputedStyle(e);
          const under = ground(e);
          const ink = over(parse(e.closest('svg') ? style.fill : style.color), under);
          const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
          const ratio = (a + 0.05) / (b + 0.05);
          if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 200)];
        }
        return worst[0] < 4.5 ? worst.join(' ') : '';
      })()
      """;

  @TempDir static Path profile;
  private static Browser browser;
  private static int looked;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    Optional<Path> installed = Browser.installed();
    if (installed.isEmpty()) {
      System.out.println("browser: looked at 0 pages (no chromium on the PATH)");
      Assumptions.abort("no chromium on the PATH");
    }
    browser = new Browser(installed.get(), profile);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
      System.out.println("browser: looked at " + looked + " pages");
    }
  }

  /** Opens the page in both colours and widths, and finds nothing wrong. @param from what requests may begin with, but for data */
  private static void assertSound(String url, String from) {
    for (boolean dark : new boolean[] {false, true}) {
      for (int width : new int[] {400, 1400}) {
        String what = url + " " + width + (dark ? " dark" : " light");
        browser.open(url, width, dark);
        looked++;
        assertEquals(List.of(), browser.problems(), what);
        assertTrue(
            browser.requests().stream()
                .allMatch(request -> request.startsWith(from) || request.startsWith("data:image/")),
            () -> what + " asks for " + browser.requests());
        assertEquals(
            dark ? DARK : LIGHT,
            browser.evaluate("getComputedStyle(document.body).backgroundColor"),
            what);
        assertEquals(0.0, browser.evaluate(OVERFLOW), what + " sticks out");
        assertEquals(0.0, browser.evaluate(WORDLESS), what + " has pictures without words");
        assertEquals("", browser.evaluate(CONTRAST), what + " is hard to read");
        assertEquals(1.0, browser.evaluate("document.querySelectorAll('h1').length"), what);
      }
    }
  }

  @Test
  void aReportIsWholeByItself() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path report = runs().resolve("digits-1").resolve("report.html");
    String url = report.toUri().toString();
    assertSound(url, url);
    // Two plots of two points each, and one of forty.
    browser.evaluate("document.querySelector('svg[data-lines]').focus()");
    browser.press("ArrowRight");
    assertEquals(
        "epoch 0.05", browser.evaluate("document.querySelector('.readout small').textContent"));
    browser.press("ArrowRight");
    assertEquals(
        "epoch 0.10", browser.evaluate("document.querySelector('.readout small').textContent"));
    browser.press("Escape");
    assertEquals(true, browser.evaluate("document.querySelector('.readout') === null"));
    assertEquals(List.of(), browser.problems());
  }

  @Test
  void hostileNamesDoNothing() throws IOException {
    file("hostile.csv", ReportTest.HOSTILE_CSV);
    train(file("hostile.yaml", ReportTest.HOSTILE)).expect(0);
    Path report = runs().resolve("hostile-1").resolve("report.html");
    String url = report.toUri().toString();
    assertSound(url, url);
    assertEquals(1.0, browser.evaluate("document.scripts.length"));
    assertEquals(
        true,
        browser.evaluate(
            "document.querySelector('.matrix').textContent.includes('</script><script>alert(2)</script>')"));
  }

  /** Waits for what the page's script brings. */
  private static void await(String expression) throws InterruptedException {
    for (int tenths = 0; tenths < 200; tenths++) {
      if (Boolean.TRUE.equals(browser.evaluate(expression))) {
        return;
      }
      Thread.sleep(100);
    }
    assertEquals("true", browser.evaluate("document.querySelector('main').innerText"), expression);
  }

  @Test
  void livePagesFollowARun() throws IOException, InterruptedException {
    train(file("digits.yaml", DIGITS)).expect(0);
    train(file("digits.yaml", DIGITS), "--set", "optimizer.lr=0.1").expect(0);
    try (UiServer server = new UiServer(runs(), 0)) {
      String home = "http://localhost:" + server.port() + "/";
      assertSound(home, home);
      assertEquals(
          2.0, browser.evaluate("document.querySelector('.plot .legend').children.length"));
      browser.evaluate("document.querySelector('input[value=\"digits-1\"]').click()");
      await("document.querySelector('.plot .legend') === null");
      assertEquals("?chosen=1&run=digits-2", browser.evaluate("location.search"));
      assertSound(home + "run/digits-1", home);
      // An epoch more, as if the run had gone on.
      Path metrics = runs().resolve("digits-1").resolve("metrics.jsonl");
      String line = Files.readAllLines(metrics).getLast();
      Thread.sleep(2500); // the page has taken note of how it was
      Files.writeString(
          metrics, line.replace("\"epoch\":2", "\"epoch\":3") + "\n", StandardOpenOption.APPEND);
      await("document.querySelector('.tiles').innerText.includes('epochs, the best')");
      await("[...document.querySelectorAll('.tiles b')].some((b) => b.textContent === '3')");
      assertEquals(List.of(), browser.problems());
    }
  }
}

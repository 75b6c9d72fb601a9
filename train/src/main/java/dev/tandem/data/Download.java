package dev.tandem.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file to be fetched once. It appears under its name complete and checked, or not at all.
 *
 * @param sha256 of the decompressed bytes, in hexadecimal: the same data may be compressed in more than
 *     one way
 * @param mostBytes a body longer than this is refused
 */
record Download(URI source, String sha256, long mostBytes) {
  private static final Logger LOG = LoggerFactory.getLogger(Download.class);
  private static final int CONNECT_MILLIS = 20_000;
  private static final int READ_MILLIS = 60_000;
  private static final int BUFFER = 1 << 16;

  /** Fetches to the file, whose folder is made if need be; a file already there is replaced. */
  void to(Path file) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      // In the same folder, for only within one file system is a rename atomic.
      Path partial = Files.createTempFile(folder, file.getFileName() + ".", ".part");
      try {
        LOG.info("downloading {} to {}", source, file);
        fetch(partial);
        check(partial);
        Files.move(
            partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw new DataException(
          "download: failed, got "
              + e
              + " for "
              + source
              + "; try again, or fetch it by hand and name its folder in the configuration",
          e);
    }
  }

  private void fetch(Path partial) throws IOException {
    URLConnection connection = source.toURL().openConnection();
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(READ_MILLIS);
    connection.setRequestProperty("Accept-Encoding", "identity");
    if (connection instanceof HttpURLConnection http
        && http.getResponseCode() != HttpURLConnection.HTTP_OK) {
      int status = http.getResponseCode();
      http.disconnect();
      throw new DataException(
          "download: the server refused, got status "
              + status
              + " for "
              + source
              + "; try again, or fetch it by hand and name its folder in the configuration");
    }
    long announced = connection.getContentLengthLong();
    long written;
    try (InputStream in = connection.getInputStream();
        OutputStream out = Files.newOutputStream(partial)) {
      written = copy(in, out);
    }
    if (announced >= 0 && written < announced) {
      throw new DataException(
          "download: the file broke off, got "
              + written
              + " of "
              + announced
              + " bytes of "
              + source
              + "; try again");
    }
  }

  private long copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long written = 0;
    for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
      written += count;
      if (written > mostBytes) {
        throw new DataException(
            "download: the file is too large, got more than "
                + mostBytes
                + " bytes of "
                + source
                + "; fetch it by hand and name its folder in the configuration");
      }
      out.write(buffer, 0, count);
    }
    return written;
  }

  private void check(Path partial) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    try (InputStream in = new DigestInputStream(DataFile.open("download", partial), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw DataFile.unreadable("download", source.toString(), e);
    }
    String actual = HexFormat.of().formatHex(digest.digest());
    if (!actual.equals(sha256)) {
      throw new DataException(
          "download: wrong checksum, got SHA-256 "
              + actual
              + " for "
              + source
              + " decompressed where "
              + sha256
              + " was expected; try again, and if it stays wrong do not use this source");
    }
  }
}

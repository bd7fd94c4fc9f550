/** A certificate authority of a test's own, made by OpenSSL: what it signs is good for two days. */
import { execFile, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Tests that need certificates are skipped without it. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** What a server shows; PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** What a client trusts it by; PEM. */
  readonly certificate: string;
  /** Certifies a server by the name `localhost` or another. */
  issue(name: string): Promise<Identity>;
}

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/** @param directory an existing one, for this authority alone */
export async function makeAuthority(directory: string): Promise<Authority> {
  const openssl = (args: string) => promisify(execFile)("openssl", args.split(" "), { cwd: directory });
  const read = (file: string) => readFile(join(directory, file), "utf8");
  await openssl(`req -x509 ${NEW_KEY} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority`);
  return {
    certificate: await read("ca.pem"),
    async issue(name) {
      await writeFile(join(directory, `${name}.names`), `subjectAltName=DNS:${name}\n`);
      await openssl(`req ${NEW_KEY} -keyout ${name}.key -out ${name}.request -subj /CN=${name}`);
      const signing = `-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ${name}.names`;
      await openssl(`x509 -req -in ${name}.request -out ${name}.pem ${signing}`);
      return { key: await read(`${name}.key`), cert: await read(`${name}.pem`) };
    },
  };
}

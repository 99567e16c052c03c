// A real OpenID provider on loopback: the tests of `functions/auth` sign in with
// it. It prints its issuer once it listens, and ends with its standard input.
//
//   node provider.mjs <client id> <client secret> <redirect URI>…

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const [clientId, clientSecret, ...redirectUris] = process.argv.slice(2);

const key = (type, options, alg) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
};

// Whoever signs in is who they say; an address is vouched for unless the name
// says that it is not.
const findAccount = (_, id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    name: `The ${id}`,
    email: `${id}@example.org`,
    email_verified: !id.startsWith('unverified'),
  }),
});

const client = (suffix, alg) => ({
  client_id: `${clientId}${suffix}`,
  client_secret: clientSecret,
  redirect_uris: redirectUris,
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: alg,
});

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client('', 'RS256'), client('-es256', 'ES256')],
    jwks: {
      keys: [
        key('rsa', { modulusLength: 2048 }, 'RS256'),
        key('ec', { namedCurve: 'P-256' }, 'ES256'),
      ],
    },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['loopback'] },
    features: { revocation: { enabled: true } },
    findAccount,
    pkce: { required: (_, { clientId: id }) => id === clientId },
  });
  server.on('request', provider.callback());
  console.log(`issuer ${issuer}`);
});
process.stdin.on('end', () => process.exit()).resume();

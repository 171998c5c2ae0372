package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// A certificate that is asked for; its files get the name.
type request struct {
	Name   string
	User   string
	Groups []string
	Hosts  []string
}

// Longer than any cluster for tests lives; the clocks of its parts are one.
const validity = 10 * 365 * 24 * time.Hour

// Reads a JSON list of requests, and writes the certificates and keys into the directory, signed by the authority there
// (ca.crt, ca.key), which is made if there is none.
func writeCertificates(directory string, input io.Reader) error {
	var requests []request
	if err := json.NewDecoder(input).Decode(&requests); err != nil {
		return err
	}
	authority, authorityKey, err := openAuthority(directory)
	if err != nil {
		return err
	}
	for _, one := range requests {
		if err := writeCertificate(directory, one, authority, authorityKey); err != nil {
			return err
		}
	}
	return nil
}

func openAuthority(directory string) (*x509.Certificate, crypto.Signer, error) {
	certificatePath, keyPath := filepath.Join(directory, "ca.crt"), filepath.Join(directory, "ca.key")
	if certificates, err := cert.CertsFromFile(certificatePath); err == nil {
		key, err := keyutil.PrivateKeyFromFile(keyPath)
		if err != nil {
			return nil, nil, err
		}
		return certificates[0], key.(crypto.Signer), nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "kwasm-test-cluster"}, key)
	if err != nil {
		return nil, nil, err
	}
	return certificate, key, writePair(certificatePath, keyPath, certificate.Raw, key)
}

func writeCertificate(directory string, one request, authority *x509.Certificate, authorityKey crypto.Signer) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Prime(rand.Reader, 64)
	if err != nil {
		return err
	}
	template := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: one.User, Organization: one.Groups},
		NotBefore:    authority.NotBefore,
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range one.Hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, &template, authority, key.Public(), authorityKey)
	if err != nil {
		return err
	}
	path := filepath.Join(directory, one.Name)
	return writePair(path+".crt", path+".key", signed, key)
}

func writePair(certificatePath, keyPath string, certificate []byte, key *ecdsa.PrivateKey) error {
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	if err := keyutil.WriteKey(keyPath, encoded); err != nil {
		return err
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return err
	}
	pem, err := cert.EncodeCertificates(parsed)
	if err != nil {
		return err
	}
	return cert.WriteCert(certificatePath, pem)
}

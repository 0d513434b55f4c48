/* A decoder in the style of 2016: constants, helpers for hexadecimal texts, a switch, names that nobody declared. */
var TYPE_TEMP = 0x01; // temperature, 2 bytes, 0.1 Cel
var TYPE_RH = 0x02; // humidity, 1 byte, %
var TYPE_MOTION = 0x05; // number of motions, 1 byte
var TYPE_VDD = 0x07; // battery, 2 bytes, mV
var TYPE_PULSE_ABS = 0x0b; // pulses in all, 4 bytes
var TYPE_ASCII = 0x3d; // length, then text

function bin16dec(bin) {
    var num = bin & 0xffff;
    if (0x8000 & num) num = -(0x010000 - num);
    return num;
}
function hexToBytes(hex) {
    for (var bytes = [], c = 0; c < hex.length; c += 2) bytes.push(parseInt(hex.substr(c, 2), 16));
    return bytes;
}
function bytesToHex(bytes) {
    for (var hex = [], i = 0; i < bytes.length; i++) {
        hex.push((bytes[i] >>> 4).toString(16));
        hex.push((bytes[i] & 0xf).toString(16));
    }
    return hex.join("");
}

function DecodePayload(data) {
    var obj = new Object();
    for (i = 0; i < data.length; i++) {
        switch (data[i]) {
            case TYPE_TEMP:
                var temp = (data[i + 1] << 8) | data[i + 2];
                temp = bin16dec(temp);
                obj.temperature = temp / 10;
                i += 2;
                break;
            case TYPE_RH:
                obj.humidity = data[i + 1];
                i += 1;
                break;
            case TYPE_MOTION:
                obj.motion = data[i + 1];
                i += 1;
                break;
            case TYPE_VDD:
                obj.vdd = (data[i + 1] << 8) | data[i + 2];
                i += 2;
                break;
            case TYPE_PULSE_ABS:
                pulses = ((data[i + 1] << 24) | (data[i + 2] << 16) | (data[i + 3] << 8) | data[i + 4]) >>> 0;
                obj.pulseAbs = pulses;
                i += 4;
                break;
            case TYPE_ASCII:
                var n = data[i + 1];
                obj.text = "";
                for (j = 0; j < n; j++) obj.text += String.fromCharCode(data[i + 2 + j]);
                i += 1 + n;
                break;
            default:
                i = data.length;
                break;
        }
    }
    obj.raw = bytesToHex(data).toUpperCase();
    return obj;
}

function Decoder(bytes, port) {
    if (port !== 5) return {};
    return DecodePayload(hexToBytes(bytesToHex(bytes)));
}
